/*
 * SHA-256 (FIPS 180-4 §6.2) of the two messages that a tree is built of, without allocating: one block for a
 * leaf of 32 bytes, two for a node. Calling out to a library costs more than the hash itself at this size.
 * Only for building trees; what verifies a proof goes through the engine.
 */

const k = /* @__PURE__ */ Int32Array.of(
  0x428a2f98,
  0x71374491,
  0xb5c0fbcf,
  0xe9b5dba5,
  0x3956c25b,
  0x59f111f1,
  0x923f82a4,
  0xab1c5ed5,
  0xd807aa98,
  0x12835b01,
  0x243185be,
  0x550c7dc3,
  0x72be5d74,
  0x80deb1fe,
  0x9bdc06a7,
  0xc19bf174,
  0xe49b69c1,
  0xefbe4786,
  0x0fc19dc6,
  0x240ca1cc,
  0x2de92c6f,
  0x4a7484aa,
  0x5cb0a9dc,
  0x76f988da,
  0x983e5152,
  0xa831c66d,
  0xb00327c8,
  0xbf597fc7,
  0xc6e00bf3,
  0xd5a79147,
  0x06ca6351,
  0x14292967,
  0x27b70a85,
  0x2e1b2138,
  0x4d2c6dfc,
  0x53380d13,
  0x650a7354,
  0x766a0abb,
  0x81c2c92e,
  0x92722c85,
  0xa2bfe8a1,
  0xa81a664b,
  0xc24b8b70,
  0xc76c51a3,
  0xd192e819,
  0xd6990624,
  0xf40e3585,
  0x106aa070,
  0x19a4c116,
  0x1e376c08,
  0x2748774c,
  0x34b0bcb5,
  0x391c0cb3,
  0x4ed8aa4a,
  0x5b9cca4f,
  0x682e6ff3,
  0x748f82ee,
  0x78a5636f,
  0x84c87814,
  0x8cc70208,
  0x90befffa,
  0xa4506ceb,
  0xbef9a3f7,
  0xc67178f2,
)
const initial = /* @__PURE__ */ Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
)
/** Scratch of one synchronous call; holds nothing secret. */
const w = /* @__PURE__ */ new Int32Array(64)
const state = /* @__PURE__ */ new Int32Array(8)

/** Writes SHA-256(0x00 ‖ 32 bytes of `entry` at `from`) to `out` at `at`. */
export function hashLeafInto(out: Uint8Array, at: number, entry: Uint8Array, from: number): void {
  state.set(initial)
  w[0] = (entry[from]! << 16) | (entry[from + 1]! << 8) | entry[from + 2]!
  words(entry, from + 3, 1, 7)
  w[8] = (entry[from + 31]! << 24) | 0x800000
  w.fill(0, 9, 15)
  w[15] = 33 * 8
  compress()
  digestInto(out, at)
}

/** Writes SHA-256(0x01 ‖ left ‖ right) to `out` at `at`, the halves of 32 bytes each; `out` may be one of them. */
export function hashNodeInto(
  out: Uint8Array,
  at: number,
  left: Uint8Array,
  leftAt: number,
  right: Uint8Array,
  rightAt: number,
): void {
  state.set(initial)
  w[0] = 0x1000000 | (left[leftAt]! << 16) | (left[leftAt + 1]! << 8) | left[leftAt + 2]!
  words(left, leftAt + 3, 1, 7)
  w[8] =
    (left[leftAt + 31]! << 24) |
    (right[rightAt]! << 16) |
    (right[rightAt + 1]! << 8) |
    right[rightAt + 2]!
  words(right, rightAt + 3, 9, 7)
  compress()
  w.fill(0, 0, 15)
  w[0] = (right[rightAt + 31]! << 24) | 0x800000
  w[15] = 65 * 8
  compress()
  digestInto(out, at)
}

function words(bytes: Uint8Array, from: number, first: number, count: number): void {
  for (let i = 0, p = from; i < count; i++, p += 4) {
    w[first + i] = (bytes[p]! << 24) | (bytes[p + 1]! << 16) | (bytes[p + 2]! << 8) | bytes[p + 3]!
  }
}

function digestInto(out: Uint8Array, at: number): void {
  for (let i = 0, p = at; i < 8; i++, p += 4) {
    const word = state[i]!
    out[p] = word >>> 24
    out[p + 1] = word >>> 16
    out[p + 2] = word >>> 8
    out[p + 3] = word
  }
}

function compress(): void {
  for (let t = 16; t < 64; t++) {
    const x = w[t - 15]!
    const y = w[t - 2]!
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3)
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10)
    w[t] = (s0 + w[t - 7]! + s1 + w[t - 16]!) | 0
  }
  let a = state[0]!
  let b = state[1]!
  let c = state[2]!
  let d = state[3]!
  let e = state[4]!
  let f = state[5]!
  let g = state[6]!
  let h = state[7]!
  for (let t = 0; t < 64; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7))
    const t1 = (h + s1 + (g ^ (e & (f ^ g))) + k[t]! + w[t]!) | 0
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10))
    const t2 = (s0 + ((a & b) ^ (c & (a ^ b)))) | 0
    h = g
    g = f
    f = e
    e = (d + t1) | 0
    d = c
    c = b
    b = a
    a = (t1 + t2) | 0
  }
  state[0] = (state[0]! + a) | 0
  state[1] = (state[1]! + b) | 0
  state[2] = (state[2]! + c) | 0
  state[3] = (state[3]! + d) | 0
  state[4] = (state[4]! + e) | 0
  state[5] = (state[5]! + f) | 0
  state[6] = (state[6]! + g) | 0
  state[7] = (state[7]! + h) | 0
}
