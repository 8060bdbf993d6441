import { sha3_256 as nobleSha3, shake256 as nobleShake } from '@noble/hashes/sha3.js'
import { concat } from '../bytes.ts'
import { plain } from './node.ts'
import { nativeCrypto } from './tier.ts'

/** SHAKE256 of the concatenation, `length` bytes of output (FIPS 202). */
export function shake256(length: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const node = nativeCrypto()
  if (node === null) return nobleShake(concat(...parts), { dkLen: length })
  const hash = node.createHash('shake256', { outputLength: length })
  for (const part of parts) hash.update(part)
  return plain(hash.digest())
}

/** SHA3-256 of the concatenation (FIPS 202). */
export function sha3(...parts: readonly Uint8Array[]): Uint8Array {
  const node = nativeCrypto()
  if (node === null) return nobleSha3(concat(...parts))
  const hash = node.createHash('sha3-256')
  for (const part of parts) hash.update(part)
  return plain(hash.digest())
}
