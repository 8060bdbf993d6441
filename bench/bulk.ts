/** Sealing and opening 16 MiB, beside the platform's AES-256-GCM alone, age and jose. */
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from 'age-encryption'
import { open, openStream, seal, sealStream } from 'careseal/envelope'
import { generateKey, x25519 } from 'careseal/keys'
import { CompactEncrypt, compactDecrypt, generateKeyPair } from 'jose'
import { gcmOpen, gcmSeal } from './bare.ts'
import { measure, table } from './measure.ts'

const size = 16 * 1024 * 1024
const content = new Uint8Array(size)
for (let at = 0; at < size; at += 65536) crypto.getRandomValues(content.subarray(at, at + 65536))

async function drain(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array[]> {
  const parts: Uint8Array[] = []
  for await (const piece of pieces) parts.push(piece)
  return parts
}

export async function benchBulk(): Promise<void> {
  const key = await generateKey(x25519)
  const recipients = [key.publicKey]
  const envelope = await seal(content, { recipients })
  const stream = await drain(sealStream([content], { recipients }))
  const raw = crypto.getRandomValues(new Uint8Array(32))
  const iv = crypto.getRandomValues(new Uint8Array(12))
  const sealed = gcmSeal(raw, iv, content)

  const identity = await generateX25519Identity()
  const encrypter = new Encrypter()
  encrypter.addRecipient(await identityToRecipient(identity))
  const decrypter = new Decrypter()
  decrypter.addIdentity(identity)
  const file = await encrypter.encrypt(content)

  const pair = await generateKeyPair('ECDH-ES+A256KW', { crv: 'X25519' })
  const encrypt = (): Promise<string> =>
    new CompactEncrypt(content)
      .setProtectedHeader({ alg: 'ECDH-ES', enc: 'A256GCM' })
      .encrypt(pair.publicKey)
  const jwe = await encrypt()

  const native = 'AES-256-GCM of node:crypto alone'
  const sealing = [
    { name: native, run: () => gcmSeal(raw, iv, content) },
    { name: 'careseal seal', run: () => seal(content, { recipients }) },
    { name: 'careseal sealStream', run: () => drain(sealStream([content], { recipients })) },
    { name: 'age', run: () => encrypter.encrypt(content) },
    { name: 'jose, compact', run: encrypt },
  ]
  table('Seal 16 MiB to one X25519 reader', await measure(sealing), native)
  const opening = [
    { name: native, run: () => gcmOpen(raw, iv, sealed) },
    { name: 'careseal open', run: () => open(envelope, { as: key }) },
    { name: 'careseal openStream', run: () => drain(openStream(stream, { as: key })) },
    { name: 'age', run: () => decrypter.decrypt(file) },
    { name: 'jose, compact', run: () => compactDecrypt(jwe, pair.privateKey) },
  ]
  table('Open 16 MiB with an X25519 key', await measure(opening), native)
}
