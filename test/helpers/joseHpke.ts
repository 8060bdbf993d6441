import { createCipheriv, randomBytes } from 'node:crypto'
import * as noble from '@panva/hpke-noble'
import * as HPKE from 'hpke'
import type { Decapsulator } from '../../src/keys/index.ts'

// JOSE-HPKE as another sender writes it: HPKE by hpke, all else by node:crypto. Shares no code with ours.

/** A reader, by its public key. */
export type HpkeRecipient = Pick<Decapsulator, 'publicKey'>

const suites: Record<string, readonly [alg: string, suite: HPKE.CipherSuite]> = {
  X25519: [
    'HPKE-4',
    new HPKE.CipherSuite(
      noble.KEM_DHKEM_X25519_HKDF_SHA256,
      noble.KDF_HKDF_SHA256,
      noble.AEAD_ChaCha20Poly1305,
    ),
  ],
  'P-256': [
    'HPKE-7',
    new HPKE.CipherSuite(
      HPKE.KEM_DHKEM_P256_HKDF_SHA256,
      HPKE.KDF_HKDF_SHA256,
      HPKE.AEAD_AES_256_GCM,
    ),
  ],
  'MLKEM768-P256': [
    'HPKE-8',
    new HPKE.CipherSuite(noble.KEM_MLKEM768_P256, noble.KDF_SHAKE256, HPKE.AEAD_AES_256_GCM),
  ],
  'X-Wing': [
    'HPKE-9',
    new HPKE.CipherSuite(noble.KEM_MLKEM768_X25519, noble.KDF_SHAKE256, HPKE.AEAD_AES_256_GCM),
  ],
}

const b64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

/** A JWE in general (key encryption) or flattened (integrated encryption) JSON. */
export async function otherHpkeJwe(
  content: Uint8Array,
  recipients: readonly HpkeRecipient[],
  { integrated }: { readonly integrated: boolean },
): Promise<string> {
  const seal = async (
    { publicKey }: HpkeRecipient,
    plaintext: Uint8Array,
    options: { info?: Uint8Array; aad?: Uint8Array },
  ) => {
    const suite = suites[publicKey.algorithm.name]![1]
    const key = await suite.DeserializePublicKey(new Uint8Array(publicKey.bytes))
    return suite.Seal(key, plaintext, options)
  }
  if (integrated) {
    const [recipient] = recipients as [HpkeRecipient]
    const alg = suites[recipient.publicKey.algorithm.name]![0]
    const header = b64(Buffer.from(JSON.stringify({ alg })))
    const aad = new Uint8Array(Buffer.from(header))
    const { encapsulatedSecret, ciphertext } = await seal(recipient, content, { aad })
    return JSON.stringify({
      protected: header,
      encrypted_key: b64(encapsulatedSecret),
      ciphertext: b64(ciphertext),
    })
  }
  const contentKey = new Uint8Array(randomBytes(32))
  const iv = randomBytes(12)
  const header = b64(Buffer.from(JSON.stringify({ enc: 'A256GCM' })))
  const cipher = createCipheriv('aes-256-gcm', contentKey, iv).setAAD(Buffer.from(header))
  const ciphertext = Buffer.concat([cipher.update(content), cipher.final()])
  const info = new Uint8Array(Buffer.from('JOSE-HPKE rcpt\xffA256GCM\xff', 'latin1'))
  const list = []
  for (const recipient of recipients) {
    const alg = `${suites[recipient.publicKey.algorithm.name]![0]}-KE`
    const sealed = await seal(recipient, contentKey, { info })
    list.push({
      header: { alg, ek: b64(sealed.encapsulatedSecret) },
      encrypted_key: b64(sealed.ciphertext),
    })
  }
  return JSON.stringify({
    protected: header,
    recipients: list,
    iv: b64(iv),
    ciphertext: b64(ciphertext),
    tag: b64(cipher.getAuthTag()),
  })
}
