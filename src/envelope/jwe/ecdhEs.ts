import { EnvelopeOpenFailed } from '../../errors.ts'
import { internalsOf } from '../../internal/algorithm.ts'
import { toBase64Url } from '../../internal/base64.ts'
import { concat, wipe } from '../../internal/bytes.ts'
import { unwrapKey, wrapKey } from '../../internal/engine/aesKw.ts'
import { randomBytes } from '../../internal/random.ts'
import { agreeRaw } from '../rawEcdh.ts'
import { concatKdf } from './concatKdf.ts'
import { checkContent, contentEncryption, openContentOf } from './content.ts'
import { bytesOf, type JoseHeader, malformedJwe, textOf } from './header.ts'
import { defineMethod } from './method.ts'
import type { JweEntry } from './parseJwe.ts'
import type { JweAlgorithm } from './types.ts'

const direct = 'ECDH-ES'
const wrapping = 'ECDH-ES+A256KW'
const empty = new Uint8Array(0)
/** Bytes of apu and apv: names of parties, not documents. */
const maximumParty = 1024

/**
 * ECDH-ES with AES key wrap, as JOSE software writes it: for P-256 and X25519. Written with A256KW; read also where the
 * agreed key is the content key.
 *
 * @see RFC 7518 §4.6, RFC 8037 §3.2
 */
export const ecdhEs: JweAlgorithm = /* @__PURE__ */ defineMethod('ECDH-ES', {
  constant: 'ecdhEs',
  algs: [direct, wrapping],
  fits(entry, algorithm) {
    const { shape, suite } = internalsOf(algorithm)
    const epk = entry.header.get('epk')
    // One without an epk is anybody's: opening says what is wrong, where no other entry opens.
    const fitting = !(epk instanceof Map) || epk.get('crv') === shape.jwk
    return suite.kem.ephemeral !== undefined && fitting
  },
  async open(jwe, entry, reader, options) {
    const { alg, header, encryptedKey } = entry
    // What is encrypted otherwise has an iv of another length, and is not damaged.
    const content = contentEncryption(entry)
    checkContent(jwe)
    const isDirect = alg === direct
    const size = isDirect ? 0 : content.keySize + 8
    if (encryptedKey.length !== size) {
      throw malformedJwe('an encrypted_key whose length does not fit its alg')
    }
    const { suite, shape } = internalsOf(reader.publicKey.algorithm)
    const peer = pointOf(epkOf(entry), shape.kty)
    if (peer.length !== suite.kem.publicKeySize || !suite.kem.isPublicKey(peer)) {
      throw malformedJwe('an epk that is no public key of its curve')
    }
    const parties = [partyOf(header, 'apu'), partyOf(header, 'apv')] as const
    const shared = await agreeRaw(reader, peer, options)
    const purpose = isDirect ? content.name : alg
    const derived = concatKdf(shared, purpose, isDirect ? content.keySize : 32, ...parties)
    wipe(shared)
    if (isDirect) return openContentOf(jwe, content, derived)
    const contentKey = unwrapKey(derived, encryptedKey)
    wipe(derived)
    return openContentOf(jwe, content, contentKey)
  },
  async wrap({ algorithm, bytes }, contentKey) {
    const { suite, shape } = internalsOf(algorithm)
    const { kem } = suite
    if (kem.ephemeral === undefined) return null
    let secret = randomBytes(32)
    while (!kem.isSeed(secret)) secret = randomBytes(32)
    const ephemeral = kem.ephemeral(secret)
    const shared = await ephemeral.agree(bytes)
    wipe(secret)
    if (shared === null) throw new EnvelopeOpenFailed()
    const wrappingKey = concatKdf(shared, wrapping, 32, empty, empty)
    const encryptedKey = wrapKey(wrappingKey, contentKey)
    wipe(shared, wrappingKey)
    const epk = jwkOf(shape.kty === 2 ? 'EC' : 'OKP', shape.jwk, ephemeral.publicKey)
    return { header: { alg: wrapping, epk }, encryptedKey }
  },
})

function epkOf({ header }: JweEntry): JoseHeader {
  const epk = header.get('epk')
  if (!(epk instanceof Map)) throw malformedJwe('ECDH-ES without an epk')
  return epk as JoseHeader
}

function pointOf(epk: JoseHeader, kty: 1 | 2 | 7): Uint8Array {
  if (textOf(epk, 'kty') !== (kty === 2 ? 'EC' : 'OKP') || epk.has('d')) {
    throw malformedJwe('an epk that is no public key of its curve')
  }
  const x = bytesOf(epk, 'x', 32) ?? empty
  const y = kty === 2 ? (bytesOf(epk, 'y', 32) ?? empty) : empty
  if (x.length !== 32 || (kty === 2 && y.length !== 32)) {
    throw malformedJwe('an epk whose coordinates have not 32 bytes')
  }
  return kty === 2 ? concat(Uint8Array.of(4), x, y) : x
}

function partyOf(header: JoseHeader, name: 'apu' | 'apv'): Uint8Array {
  return bytesOf(header, name, maximumParty) ?? empty
}

function jwkOf(kty: 'EC' | 'OKP', crv: string, bytes: Uint8Array): Record<string, string> {
  if (kty === 'OKP') return { kty, crv, x: toBase64Url(bytes) }
  const [x, y] = [toBase64Url(bytes.subarray(1, 33)), toBase64Url(bytes.subarray(33))]
  return { kty, crv, x, y }
}
