/** Sealing and opening 1 KiB, beside node:crypto, age, jose and @hpke/core. */
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '@hpke/core'
import {
  Decrypter,
  Encrypter,
  generateHybridIdentity,
  generateX25519Identity,
  identityToRecipient,
} from 'age-encryption'
import { createOpener, createSealer, open, seal } from 'careseal/envelope'
import { generateKey, type KemAlgorithm, p256, x25519, xWing } from 'careseal/keys'
import {
  CompactEncrypt,
  compactDecrypt,
  GeneralEncrypt,
  generalDecrypt,
  generateKeyPair,
} from 'jose'
import { type BareReaders, bareP256, bareX25519 } from './bare.ts'
import { type Case, measure, table } from './measure.ts'

const content = crypto.getRandomValues(new Uint8Array(1024))

/** careseal: the same content for `readers` keys; opened by the last one. */
async function ours(
  algorithm: KemAlgorithm,
  readers: number,
): Promise<{ seal: Case; open: Case; both: Case[] }> {
  const keys = await Promise.all(Array.from({ length: readers }, () => generateKey(algorithm)))
  const recipients = keys.map(({ publicKey }) => publicKey)
  const envelope = await seal(content, { recipients })
  const as = keys[readers - 1]!
  const name = `careseal ${algorithm.name}`
  const sealing = { name, run: () => seal(content, { recipients }) }
  return {
    seal: sealing,
    open: { name, run: () => open(envelope, { as }) },
    both: [sealing, { ...sealing, name: `${name}, 8 in flight`, inFlight: 8 }],
  }
}

/** The same with node:crypto and nothing else. */
function bare(name: string, readers: BareReaders): { seal: Case; open: Case } {
  const sealed = readers.seal(content)
  return {
    seal: { name, run: () => readers.seal(content) },
    open: { name, run: () => readers.open(sealed) },
  }
}

async function age(hybrid: boolean, readers: number): Promise<{ seal: Case; open: Case }> {
  const make = hybrid ? generateHybridIdentity : generateX25519Identity
  const identities = await Promise.all(Array.from({ length: readers }, make))
  const encrypter = new Encrypter()
  for (const identity of identities) encrypter.addRecipient(await identityToRecipient(identity))
  const file = await encrypter.encrypt(content)
  const decrypter = new Decrypter()
  decrypter.addIdentity(identities[readers - 1]!)
  const name = hybrid ? 'age hybrid' : 'age X25519'
  return {
    seal: { name, run: () => encrypter.encrypt(content) },
    open: { name, run: () => decrypter.decrypt(file) },
  }
}

async function joseCompact(): Promise<{ seal: Case; open: Case }> {
  const { publicKey, privateKey } = await generateKeyPair('ECDH-ES+A256KW', { crv: 'X25519' })
  const header = { alg: 'ECDH-ES', enc: 'A256GCM' }
  const run = (): Promise<string> =>
    new CompactEncrypt(content).setProtectedHeader(header).encrypt(publicKey)
  const jwe = await run()
  const name = 'jose ECDH-ES X25519, compact'
  return { seal: { name, run }, open: { name, run: () => compactDecrypt(jwe, privateKey) } }
}

async function joseGeneral(readers: number): Promise<{ seal: Case; open: Case }> {
  const pairs = await Promise.all(
    Array.from({ length: readers }, () => generateKeyPair('ECDH-ES+A256KW', { crv: 'X25519' })),
  )
  const run = (): Promise<unknown> => {
    const message = new GeneralEncrypt(content).setProtectedHeader({ enc: 'A256GCM' })
    for (const { publicKey } of pairs) {
      message.addRecipient(publicKey).setUnprotectedHeader({ alg: 'ECDH-ES+A256KW' })
    }
    return message.encrypt()
  }
  const jwe = (await run()) as Parameters<typeof generalDecrypt>[0]
  const name = 'jose ECDH-ES+A256KW X25519, general'
  return {
    seal: { name, run },
    open: { name, run: () => generalDecrypt(jwe, pairs[readers - 1]!.privateKey) },
  }
}

/** What an application writes with HPKE alone: a content key sealed to each reader, the content once. */
async function hpke(readers: number): Promise<{ seal: Case; open: Case }> {
  const suite = new CipherSuite({
    kem: new DhkemX25519HkdfSha256(),
    kdf: new HkdfSha256(),
    aead: new Aes256Gcm(),
  })
  const pairs = await Promise.all(
    Array.from({ length: readers }, () => suite.kem.generateKeyPair()),
  )
  const run = async (): Promise<{
    wraps: { enc: ArrayBuffer; ct: ArrayBuffer }[]
    iv: Uint8Array
    ct: ArrayBuffer
  }> => {
    const raw = crypto.getRandomValues(new Uint8Array(32))
    const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['encrypt'])
    const iv = crypto.getRandomValues(new Uint8Array(12))
    const ct = await crypto.subtle.encrypt({ name: 'AES-GCM', iv }, key, content)
    const wraps = await Promise.all(
      pairs.map(({ publicKey }) => suite.seal({ recipientPublicKey: publicKey }, raw.buffer)),
    )
    return { wraps, iv, ct }
  }
  const sealed = await run()
  const name = '@hpke/core X25519, key wrapped by hand'
  return {
    seal: { name, run },
    open: {
      name,
      run: async () => {
        const { enc, ct } = sealed.wraps[readers - 1]!
        const raw = await suite.open({ recipientKey: pairs[readers - 1]!, enc }, ct)
        const key = await crypto.subtle.importKey('raw', raw, 'AES-GCM', false, ['decrypt'])
        return crypto.subtle.decrypt(
          { name: 'AES-GCM', iv: sealed.iv as BufferSource },
          key,
          sealed.ct,
        )
      },
    },
  }
}

/** A batch: one encapsulation per reader for all envelopes, a content key for each. */
async function batch(algorithm: KemAlgorithm): Promise<{ seal: Case; open: Case }> {
  const key = await generateKey(algorithm)
  const sealer = createSealer()
  const recipients = [key.publicKey]
  const envelope = await sealer.seal(content, { recipients })
  const opener = createOpener({ as: key })
  const name = `careseal ${algorithm.name}, in a batch`
  return {
    seal: { name, run: () => sealer.seal(content, { recipients }) },
    open: { name, run: () => opener.open(envelope) },
  }
}

export async function benchEnvelope(): Promise<void> {
  const own = [
    bare('bare node:crypto X25519', bareX25519(1)),
    bare('bare node:crypto P-256', bareP256(1)),
  ]
  const [x, w, p] = [await ours(x25519, 1), await ours(xWing, 1), await ours(p256, 1)]
  const jose = [await joseCompact(), await joseGeneral(1)]
  const classical = [await age(false, 1), ...jose, await hpke(1)]
  const hybrid = await age(true, 1)
  const batched = [await batch(x25519), await batch(xWing)]
  const fastest = jose[0]!.seal.name

  const sealing = [
    ...x.both,
    p.seal,
    ...own.map((peer) => peer.seal),
    ...classical.map((peer) => peer.seal),
    ...batched.map((b) => b.seal),
  ]
  table('Seal 1 KiB to one classical reader', await measure(sealing), fastest)
  const opening = [
    x.open,
    p.open,
    ...own.map((peer) => peer.open),
    ...classical.map((peer) => peer.open),
    ...batched.map((b) => b.open),
  ]
  table('Open 1 KiB with a classical key', await measure(opening), fastest)
  table(
    'Seal 1 KiB to one post-quantum reader',
    await measure([...w.both, hybrid.seal]),
    hybrid.seal.name,
  )
  table(
    'Open 1 KiB with a post-quantum key',
    await measure([w.open, hybrid.open]),
    hybrid.open.name,
  )

  const many = [
    await ours(x25519, 50),
    await ours(p256, 50),
    bare('bare node:crypto X25519', bareX25519(50)),
    bare('bare node:crypto P-256', bareP256(50)),
    await age(false, 50),
    await joseGeneral(50),
    await hpke(50),
  ]
  const name = many[5]!.seal.name
  table('Seal 1 KiB to 50 classical readers', await measure(many.map((peer) => peer.seal)), name)
  table(
    'Open 1 KiB as the last of 50 classical readers',
    await measure(many.map((peer) => peer.open)),
    name,
  )
  const quantum = [await ours(xWing, 50), await age(true, 50)]
  table(
    'Seal 1 KiB to 50 post-quantum readers',
    await measure(quantum.map((peer) => peer.seal)),
    'age hybrid',
  )
  table(
    'Open 1 KiB as the last of 50 post-quantum readers',
    await measure(quantum.map((peer) => peer.open)),
    'age hybrid',
  )
}
