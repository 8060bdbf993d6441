import { createCipheriv } from 'node:crypto'
import { chacha20 } from '@noble/ciphers/chacha.js'

// "Invisible salamanders": one ciphertext and tag that are valid under two keys, or two nonces. AES-GCM and
// ChaCha20-Poly1305 do not prevent them; these functions make real ones, so that the tests do not fight a straw man.

/** A key with its nonce. */
export interface Opening {
  readonly key: Uint8Array
  readonly iv: Uint8Array
}

const big = (bytes: Uint8Array): bigint => BigInt(`0x0${Buffer.from(bytes).toString('hex')}`)
const little = (bytes: Uint8Array): bigint => big(Uint8Array.from(bytes).reverse())
const bytesOf = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(32, '0'), 'hex'))

function blocks(bytes: Uint8Array): Uint8Array[] {
  const padded = new Uint8Array(Math.ceil(bytes.length / 16) * 16)
  padded.set(bytes)
  return Array.from({ length: padded.length / 16 }, (_, i) => padded.slice(16 * i, 16 * i + 16))
}

/** The product in GF(2¹²⁸) as GCM orders its bits (SP 800-38D §6.3). */
function gfMultiply(x: bigint, y: bigint): bigint {
  let [z, v] = [0n, y]
  for (let i = 127n; i >= 0n; i--) {
    if ((x >> i) & 1n) z ^= v
    v = v & 1n ? (v >> 1n) ^ (0xe1n << 120n) : v >> 1n
  }
  return z
}

function gfPower(x: bigint, exponent: bigint): bigint {
  let [result, base, rest] = [1n << 127n, x, exponent]
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = gfMultiply(result, base)
    base = gfMultiply(base, base)
  }
  return result
}

/** A ciphertext of two blocks with its tag that AES-256-GCM opens with either key. */
export function gcmSalamander(one: Opening, two: Opening, aad: Uint8Array): Uint8Array {
  const sides = [one, two].map(({ key, iv }) => {
    const encrypt = (block: Uint8Array): bigint => {
      const aes = createCipheriv('aes-256-ecb', key, null)
      return big(aes.update(block))
    }
    const h = encrypt(new Uint8Array(16))
    return { h, mask: encrypt(Uint8Array.of(...iv, 0, 0, 0, 1)) }
  })
  const second = new Uint8Array(16).fill(0x5a)
  const lengths = new Uint8Array(16)
  new DataView(lengths.buffer).setBigUint64(0, BigInt(aad.length * 8))
  new DataView(lengths.buffer).setBigUint64(8, 256n)
  /** The tag with the first block of the ciphertext as given. */
  const tag = ({ h, mask }: { h: bigint; mask: bigint }, first: Uint8Array): bigint =>
    [...blocks(aad), first, second, lengths].reduce(
      (hash, block) => gfMultiply(hash ^ big(block), h),
      0n,
    ) ^ mask
  const zero = new Uint8Array(16)
  const difference = tag(sides[0]!, zero) ^ tag(sides[1]!, zero)
  // The first block enters with H³: two blocks follow it.
  const factor = gfPower(sides[0]!.h, 3n) ^ gfPower(sides[1]!.h, 3n)
  const first = bytesOf(gfMultiply(difference, gfPower(factor, 2n ** 128n - 2n)))
  return Uint8Array.of(...first, ...second, ...bytesOf(tag(sides[0]!, first)))
}

const prime = 2n ** 130n - 5n
const modulo = (value: bigint): bigint => ((value % prime) + prime) % prime

function power(base: bigint, exponent: bigint): bigint {
  let [result, square, rest] = [1n, modulo(base), exponent]
  for (; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = modulo(result * square)
    square = modulo(square * square)
  }
  return result
}

/** A ciphertext of two blocks with its tag that ChaCha20-Poly1305 opens either way. */
export function chachaSalamander(one: Opening, two: Opening, aad: Uint8Array): Uint8Array {
  const sides = [one, two].map(({ key, iv }) => {
    const onceKey = chacha20(key, iv, new Uint8Array(32))
    const clamp = 0x0ffffffc0ffffffc0ffffffc0fffffffn
    return { r: little(onceKey.slice(0, 16)) & clamp, s: little(onceKey.slice(16)) }
  })
  const lengths = new Uint8Array(16)
  new DataView(lengths.buffer).setBigUint64(0, BigInt(aad.length), true)
  new DataView(lengths.buffer).setBigUint64(8, 32n, true)
  const top = 1n << 128n
  /** The polynomial of RFC 8439 §2.5, with `first` as the number of the first block of the ciphertext. */
  const polynomial = (r: bigint, first: bigint, second: Uint8Array): bigint =>
    [
      ...blocks(aad).map((block) => little(block) + top),
      first,
      little(second) + top,
      little(lengths) + top,
    ].reduce((sum, block) => modulo((sum + block) * r), 0n)
  const [a, b] = [sides[0]!, sides[1]!]
  const inverse = power(power(a.r, 3n) - power(b.r, 3n), prime - 2n)
  for (let filler = 0; filler < 1000; filler++) {
    const second = new Uint8Array(16).fill(filler)
    const rest = polynomial(a.r, 0n, second) - polynomial(b.r, 0n, second)
    const first = modulo((b.s - a.s - rest) * inverse)
    // A block of 16 bytes is a number from 2¹²⁸ to 2¹²⁹ − 1, and tags are equal modulo 2¹²⁸ only: one filler in
    // a few fits.
    const tags = [a, b].map(({ r, s }) => (polynomial(r, first, second) + s) % top)
    if (first < top || first >= 2n * top || tags[0] !== tags[1]) continue
    const block = bytesOf(first - top).reverse()
    return Uint8Array.of(...block, ...second, ...bytesOf(tags[0]!).reverse())
  }
  throw new Error('no salamander found')
}
