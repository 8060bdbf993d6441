import { createHash } from 'node:crypto'
import { ed25519 as noble } from '@noble/curves/ed25519.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ed25519, importPublicKey, keyFromSeed, verifySignature } from '../../src/keys/index.ts'
import { hex, toHex, utf8 } from '../helpers/bytes.ts'
import { thrownCode } from '../helpers/errors.ts'

const { BASE, Fn } = noble.Point
const order = Fn.ORDER
const message = utf8('Hb 7.1 g/dL')

const little = (bytes: Uint8Array): bigint =>
  BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`)
const bytesOf = (value: bigint): Uint8Array =>
  new Uint8Array(Buffer.from(value.toString(16).padStart(64, '0'), 'hex').reverse())
const challenge = (r: Uint8Array, publicKey: Uint8Array, text: Uint8Array): bigint =>
  little(createHash('sha512').update(r).update(publicKey).update(text).digest()) % order

/** The scalar of a seed (RFC 8032 §5.1.5). */
function scalarOf(seed: Uint8Array): bigint {
  const half = new Uint8Array(createHash('sha512').update(seed).digest()).slice(0, 32)
  half[0]! &= 248
  half[31] = (half[31]! & 63) | 64
  return little(half)
}

/** A point of order 8. */
const torsion = noble.Point.fromHex(
  'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
)

/**
 * The twelve cases of Chalkias, Garillot and Nikolaenko, "Taming the Many EdDSAs" (SSR 2020), table 6; data from
 * cases.txt of novifinancial/ed25519-speccheck, commit 2297da78. `key` is what docs/formats.md §1 says of the
 * public key on import, where we refuse all but two; those two fail for their S.
 */
const taming: { message: string; key: string; signature: string; usable: boolean }[] = [
  [
    '8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a0000000000000000000000000000000000000000000000000000000000000000',
  ],
  [
    '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  ],
  [
    'aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e',
  ],
  [
    '9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009',
  ],
  [
    'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed5125ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09',
  ],
  [
    'e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c',
    'cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d',
    '21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405',
  ],
  [
    '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    'e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514',
  ],
  [
    '85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40',
    '442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623',
    '8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa19427e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22',
  ],
  [
    '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f',
  ],
  [
    '9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41',
    'f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908',
  ],
  [
    'e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  ],
  [
    '39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    'a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dca5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04',
  ],
].map(([text, key, signature], i) => ({
  message: text!,
  key: key!,
  signature: signature!,
  usable: i === 6 || i === 7,
}))

describe('the many EdDSAs', () => {
  it.each(taming.map((test, i) => [i, test] as const))('case %i', async (_i, test) => {
    if (!test.usable) {
      expect(thrownCode(() => importPublicKey(ed25519, hex(test.key)))).toBe('ERR_KEY_MALFORMED')
      return
    }
    const key = importPublicKey(ed25519, hex(test.key))
    expect(await verifySignature(key, hex(test.message), hex(test.signature))).toBe(false)
  })
})

describe('public keys', () => {
  const p = 2n ** 255n - 19n
  const sign = 2n ** 255n

  it('of small order are refused in every encoding', () => {
    const encodings = new Set<string>()
    let point = noble.Point.ZERO
    for (let i = 0; i < 8; i++) {
      encodings.add(point.toHex())
      point = point.add(torsion)
    }
    expect(encodings.size).toBe(8)
    // y = 1, -1 and 0 above the prime, and x = 0 with a sign.
    for (const y of [p, p + 1n, sign + 1n, sign + p - 1n, sign + p, sign + p + 1n])
      encodings.add(toHex(bytesOf(y)))
    for (const encoding of encodings) {
      expect(
        thrownCode(() => importPublicKey(ed25519, hex(encoding))),
        encoding,
      ).toBe('ERR_KEY_MALFORMED')
    }
  })

  it('of mixed order are refused', async () => {
    const { publicKey } = await keyFromSeed(ed25519, new Uint8Array(32).fill(1))
    let point = noble.Point.fromBytes(publicKey.bytes)
    for (let i = 0; i < 7; i++) {
      point = point.add(torsion)
      expect(thrownCode(() => importPublicKey(ed25519, point.toBytes()))).toBe('ERR_KEY_MALFORMED')
    }
    expect(importPublicKey(ed25519, point.add(torsion).toBytes()).id).toEqual(publicKey.id)
  })

  it('above the prime or off the curve are refused', () => {
    for (let y = p; y < sign; y++) {
      for (const encoded of [bytesOf(y), bytesOf(y + sign)]) {
        expect(thrownCode(() => importPublicKey(ed25519, encoded))).toBe('ERR_KEY_MALFORMED')
      }
    }
    expect(thrownCode(() => importPublicKey(ed25519, bytesOf(2n)))).toBe('ERR_KEY_MALFORMED')
  })
})

describe('signatures', () => {
  const seed = new Uint8Array(32).fill(1)
  const setUp = async () => {
    const key = await keyFromSeed(ed25519, seed)
    const a = scalarOf(seed)
    const check = (signature: Uint8Array) => verifySignature(key.publicKey, message, signature)
    /** A signature with a commitment point of the forger's choice; whoever has the key can make it. */
    const forge = (r: Uint8Array, nonce: bigint) => {
      const k = challenge(r, key.publicKey.bytes, message)
      return Uint8Array.of(...r, ...bytesOf((nonce + k * a) % order))
    }
    return { key, check, forge }
  }

  it('made by hand verify, so that what follows proves something', async () => {
    const { check, forge } = await setUp()
    expect(await check(forge(BASE.multiply(5n).toBytes(), 5n))).toBe(true)
  })

  it('with torsion in R do not, though they would with the cofactor', async () => {
    const { check, forge } = await setUp()
    let r = BASE.multiply(5n)
    for (let i = 0; i < 7; i++) {
      r = r.add(torsion)
      expect(await check(forge(r.toBytes(), 5n))).toBe(false)
    }
  })

  it('with the identity as R verify in its one encoding only', async () => {
    const { check, forge } = await setUp()
    // encode(S·B − k·A) equals the R bytes: what docs/formats.md §1 asks for, and what OpenSSL does.
    expect(await check(forge(bytesOf(1n), 0n))).toBe(true)
    expect(await check(forge(bytesOf(2n ** 255n + 1n), 0n))).toBe(false)
    expect(await check(forge(bytesOf(2n ** 255n - 18n), 0n))).toBe(false)
    expect(await check(forge(bytesOf(2n ** 256n - 18n), 0n))).toBe(false)
  })

  it('with R of small order or no point at all do not verify', async () => {
    const { check, forge } = await setUp()
    const encodings = [
      torsion.toBytes(),
      bytesOf(0n),
      bytesOf(2n),
      bytesOf(2n ** 255n - 20n),
      new Uint8Array(32).fill(255),
    ]
    for (const r of encodings) expect(await check(forge(r, 0n))).toBe(false)
  })

  it('have S below the order', async () => {
    const { key, check } = await setUp()
    const good = await key.sign(message)
    const s = little(good.slice(32))
    expect(await check(good)).toBe(true)
    for (const other of [s + order, s + 2n * order, s + 15n * order]) {
      if (other >= 2n ** 256n) continue
      expect(await check(Uint8Array.of(...good.slice(0, 32), ...bytesOf(other)))).toBe(false)
    }
    for (const other of [0n, order, order - 1n, 2n ** 252n, 2n ** 253n, 2n ** 256n - 1n]) {
      expect(await check(Uint8Array.of(...good.slice(0, 32), ...bytesOf(other)))).toBe(false)
    }
    const zeros = Uint8Array.of(...bytesOf(1n), ...bytesOf(0n))
    expect(await check(zeros)).toBe(false)
  })

  it('have 64 bytes', async () => {
    const { key, check } = await setUp()
    const good = await key.sign(message)
    for (const bad of [
      new Uint8Array(0),
      good.slice(1),
      good.slice(0, 63),
      Uint8Array.of(...good, 0),
    ]) {
      expect(await check(bad)).toBe(false)
    }
  })

  it('of RFC 8032 §7.1 are what we make', async () => {
    // Tests 1 to 3: secret key, message, signature.
    const vectors = [
      [
        '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
        '',
        'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
      ],
      [
        '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
        '72',
        '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
      ],
      [
        'c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7',
        'af82',
        '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
      ],
    ]
    for (const [secret, text, signature] of vectors) {
      const key = await keyFromSeed(ed25519, hex(secret!))
      expect(toHex(await key.sign(hex(text!)))).toBe(signature)
    }
  })

  it('after any change do not verify, and never throw', async () => {
    const { key, check } = await setUp()
    const good = await key.sign(message)
    const runs = process.env['CARESEAL_TIER'] === 'noble' ? 60 : 400
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 64, maxLength: 64 }), async (noise) => {
        expect(await check(noise)).toBe(false)
        const r = Uint8Array.of(...good.slice(0, 32), ...noise.slice(32))
        const s = Uint8Array.of(...noise.slice(0, 32), ...good.slice(32))
        for (const mixed of [r, s]) expect(await check(mixed)).toBe(false)
      }),
      { numRuns: runs },
    )
  })
})
