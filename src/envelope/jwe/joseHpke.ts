import { AlgorithmUnsupported } from '../../errors.ts'
import { encapsulatorOf, internalsOf, type KemAlgorithm } from '../../internal/algorithm.ts'
import { toBase64Url } from '../../internal/base64.ts'
import { concat, wipe } from '../../internal/bytes.ts'
import { gcm128 } from '../../internal/engine/gcm128.ts'
import { hpkeOpen, hpkeSeal } from '../../internal/hpke/index.ts'
import type { HpkeSuite } from '../../internal/hpke/kem.ts'
import { ascii } from '../../internal/utf8.ts'
import { decapsulateFor } from '../rawEcdh.ts'
import { checkContent, contentEncryption, openContentOf } from './content.ts'
import { bytesOf, malformedJwe } from './header.ts'
import { defineMethod } from './method.ts'
import type { JweAlgorithm } from './types.ts'

/** HPKE KEM identifiers and the algorithms that are built on them; the first is the one that is written. */
const numbers: readonly (readonly [kem: number, own: number, withAes128: number | null])[] = [
  [0x0010, 7, 0],
  [0x0020, 4, 3],
  [0x0050, 8, null],
  [0x647a, 9, null],
]
const names = /* @__PURE__ */ (() =>
  numbers.flatMap(([, own, other]) => (other === null ? [own] : [own, other])))()

/**
 * HPKE in JOSE, as key encryption and, on reading, as integrated encryption: HPKE-4 and -3 (X25519), HPKE-7 and -0
 * (P-256), HPKE-9 (X-Wing), HPKE-8 (MLKEM768-P256).
 *
 * @see draft-ietf-jose-hpke-encrypt, draft-ietf-jose-hpke-pq-pqt
 */
export const joseHpke: JweAlgorithm = /* @__PURE__ */ defineMethod('HPKE', {
  constant: 'joseHpke',
  algs: /* @__PURE__ */ (() => names.flatMap((n) => [`HPKE-${n}`, `HPKE-${n}-KE`]))(),
  fits: ({ alg }, algorithm) => suiteOf(alg, algorithm) !== null,
  async open(jwe, entry, reader, { signal }) {
    const { alg, header, encryptedKey } = entry
    const suite = suiteOf(alg, reader.publicKey.algorithm)!
    if (header.has('psk_id')) {
      throw new AlgorithmUnsupported(
        'This JWE uses HPKE with a pre-shared key, which careseal does not read. Decrypt it with the software that wrote it.',
      )
    }
    const checked = (encapsulation: Uint8Array): Uint8Array => {
      const { encapsulationSize, isEncapsulation } = suite.kem
      if (encapsulation.length === encapsulationSize && isEncapsulation(encapsulation)) {
        return encapsulation
      }
      throw malformedJwe('an encapsulation that does not fit its alg')
    }
    if (!alg.endsWith('-KE')) {
      // Integrated Encryption, §5: no content key, iv and tag are empty.
      if (jwe.protectedHeader.get('alg') !== alg || header.has('enc') || header.has('ek')) {
        throw malformedJwe('integrated encryption whose header does not fit')
      }
      if (jwe.iv.length > 0 || jwe.tag.length > 0) {
        throw malformedJwe('integrated encryption with an iv or a tag')
      }
      const shared = await decapsulateFor(reader, checked(encryptedKey), signal)
      const plaintext = await hpkeOpen(suite, shared, none, jwe.ciphertext, jwe.additional)
      wipe(shared)
      return plaintext
    }
    const content = contentEncryption(entry)
    checkContent(jwe)
    if (encryptedKey.length !== content.keySize + 16) {
      throw malformedJwe('an encrypted_key whose length does not fit its alg')
    }
    const encapsulation = checked(bytesOf(header, 'ek', suite.kem.encapsulationSize) ?? none)
    const shared = await decapsulateFor(reader, encapsulation, signal)
    const contentKey = await hpkeOpen(suite, shared, infoFor(content.name), encryptedKey)
    wipe(shared)
    return openContentOf(jwe, content, contentKey)
  },
  async wrap(key, contentKey) {
    const { suite } = internalsOf(key.algorithm)
    const own = numbers.find(([kem]) => kem === suite.kem.id)
    if (own === undefined) return null
    const sealed = await hpkeSeal(suite, encapsulatorOf(key), infoFor('A256GCM'), contentKey)
    if (sealed === null) {
      throw new RangeError('recipients holds a key that nothing can be sealed to')
    }
    const { encapsulation, ciphertext } = sealed
    const header = { alg: `HPKE-${own[1]}-KE`, ek: toBase64Url(encapsulation) }
    return { header, encryptedKey: ciphertext }
  },
})

const none = new Uint8Array(0)

/** The Recipient_structure of §6.1, without extra information. */
function infoFor(enc: string): Uint8Array {
  const separator = Uint8Array.of(255)
  return concat(ascii('JOSE-HPKE rcpt'), separator, ascii(enc), separator)
}

/** The suite of an alg with a key's KEM, or `null` where they do not belong together. */
function suiteOf(alg: string, algorithm: KemAlgorithm): HpkeSuite | null {
  const { suite } = internalsOf(algorithm)
  const [, own, other] = numbers.find(([kem]) => kem === suite.kem.id) ?? [0, null, null]
  const number = Number(/^HPKE-(\d{1,2})(?:-KE)?$/.exec(alg)?.[1] ?? Number.NaN)
  if (number === own) return suite
  return number === other ? { ...suite, aead: gcm128, aeadId: 1, keySize: 16 } : null
}
