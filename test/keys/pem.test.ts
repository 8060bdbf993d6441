import { describe, expect, it } from 'vitest'
import {
  type AnyPublicKey,
  ed25519,
  es256,
  es256k,
  fromPem,
  type KemAlgorithm,
  keyFromSeed,
  type LocalSigner,
  mlDsa65,
  mlKem768P256,
  p256,
  type SignatureAlgorithm,
  toPem,
  x25519,
  xWing,
} from '../../src/keys/index.ts'
import { hex, toHex } from '../helpers/bytes.ts'
import { codeOf, rejection, thrownCode } from '../helpers/errors.ts'
import { kems, signatures } from '../helpers/keys.ts'

type Any = KemAlgorithm | SignatureAlgorithm
const all: readonly Any[] = [...kems, ...signatures]
const registered: readonly Any[] = [p256, x25519, ed25519, es256, es256k, mlDsa65]
const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
const malformed = 'ERR_KEY_MALFORMED'
const unsupported = 'ERR_ALGORITHM_UNSUPPORTED'

const bytesOf = (pem: string): Uint8Array =>
  new Uint8Array(Buffer.from(pem.replace(/-----.*-----|\s/g, ''), 'base64'))
const pemOf = (label: string, bytes: Uint8Array): string => {
  const lines =
    Buffer.from(bytes)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ''].join('\n')
}
/** DER in hexadecimal digits. */
const item = (tag: string, ...parts: string[]): string => {
  const body = parts.join('')
  const length = body.length / 2
  const digits = length.toString(16).padStart(length < 256 ? 2 : 4, '0')
  return `${tag}${length < 128 ? '' : length < 256 ? '81' : '82'}${digits}${body}`
}
const read = (text: string, algorithms: readonly Any[] = all): AnyPublicKey =>
  fromPem(text, { algorithms })
const readSecret = (text: string, algorithms: readonly Any[] = all): Promise<unknown> =>
  fromPem(text, { algorithms, secret: true })

describe('PEM', () => {
  it.each(registered.map((algorithm) => [algorithm.name, algorithm] as const))(
    '%s: comes back, public and private',
    async (_name, algorithm) => {
      const key = await keyFromSeed(algorithm, seed)
      const pem = toPem(key.publicKey)
      const again = fromPem(pem, { algorithms: [algorithm] })
      expect([toHex(again.id), again.algorithm]).toEqual([toHex(key.publicKey.id), algorithm])
      const secret = toPem(key as LocalSigner, { secret: true })
      const back = await fromPem(secret, { algorithms: [algorithm], secret: true })
      expect(toPem(back as LocalSigner, { secret: true })).toBe(secret)
      expect(toHex(back.publicKey.id)).toBe(toHex(key.publicKey.id))
    },
  )

  it.each([xWing, mlKem768P256])(
    '$name has no registered form: the others are named',
    async (a) => {
      const key = await keyFromSeed(a, seed)
      for (const write of [() => toPem(key.publicKey), () => toPem(key, { secret: true })]) {
        expect(thrownCode(write)).toBe(unsupported)
        expect(write).toThrow(/toJwk or toCoseKey/)
      }
    },
  )

  it('is the bytes of RFC 8410 §10 and RFC 9881 Appendix C', async () => {
    const example = hex('19bf44096984cdfe8541bac167dc3b96c85086aa30b6b6cb0c5c38ad703166e1')
    const publicPem =
      '-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----\n'
    expect(toHex(fromPem(publicPem).bytes)).toBe(toHex(example))
    expect(toPem(fromPem(publicPem))).toBe(publicPem)
    const secretPem =
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC\n-----END PRIVATE KEY-----\n'
    const key = await fromPem(secretPem, { secret: true })
    expect(toHex(key.publicKey.bytes)).toBe(toHex(example))
    expect(toPem(key, { secret: true })).toBe(secretPem)
    const lattice = await keyFromSeed(mlDsa65, seed)
    expect(toPem(lattice, { secret: true })).toBe(
      '-----BEGIN PRIVATE KEY-----\nMDQCAQAwCwYJYIZIAWUDBAMSBCKAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZ\nGhscHR4f\n-----END PRIVATE KEY-----\n',
    )
    expect(toPem(lattice.publicKey).slice(-60)).toMatch(/\nHgLy6ERP\n-----END PUBLIC KEY-----\n$/)
  })

  it('by default X-Wing and Ed25519 are accepted; the order decides what a P-256 key is for', async () => {
    const pem = toPem((await keyFromSeed(p256, seed)).publicKey)
    expect(thrownCode(() => fromPem(pem))).toBe(unsupported)
    expect(() => fromPem(pem)).toThrow(/p256 \(encryption\) or es256 \(signatures\)/)
    expect(read(pem, [es256, p256]).algorithm).toBe(es256)
    expect(read(pem, [p256, es256]).algorithm).toBe(p256)
  })

  it('a secret is taken and given only where it is meant', async () => {
    const key = await keyFromSeed(ed25519, seed)
    const [open, secret] = [toPem(key.publicKey), toPem(key, { secret: true })]
    expect(thrownCode(() => fromPem(secret))).toBe(malformed)
    expect(await codeOf(fromPem(open, { secret: true }))).toBe(malformed)
    expect(() => toPem(key as never)).toThrow(TypeError)
    expect(() => toPem(key.publicKey as never, { secret: true })).toThrow(TypeError)
    expect(() => toPem({ publicKey: key.publicKey, sign: key.sign } as never)).toThrow(TypeError)
    expect(() => fromPem(Buffer.from(open) as never)).toThrow(TypeError)
    expect(() => fromPem(open, { algorithm: [ed25519] } as never)).toThrow(TypeError)
    expect(() => toPem(key.publicKey, { secrets: true } as never)).toThrow(TypeError)
    expect(
      await rejection(Promise.resolve().then(() => fromPem(open, null as never))),
    ).toBeInstanceOf(TypeError)
  })
})

describe('the text around the bytes', async () => {
  const pem = toPem((await keyFromSeed(es256, seed)).publicKey)
  const lines = pem.trimEnd().split('\n')
  const body = lines.slice(1, -1).join('')
  const taken: Record<string, string> = {
    CRLF: pem.replaceAll('\n', '\r\n'),
    'no newline at the end': pem.trimEnd(),
    'blank lines around': `\n\r\n  ${pem}\n\n`,
  }
  it.each(Object.entries(taken))('%s is taken', (_name, text) => {
    expect(toPem(read(text, [es256]))).toBe(pem)
  })

  const refused: Record<string, string> = {
    nothing: '',
    'a word': 'PEM',
    'text before': `Subject: me\n${pem}`,
    'text after': `${pem}hello\n`,
    'a byte order mark': `\ufeff${pem}`,
    'a no-break space after it': `${pem}\u00a0`,
    'two blocks': pem + pem,
    'a block in a block': pem.replace(lines[1]!, `${lines[1]}\n${pem}`),
    'no end': lines.slice(0, -1).join('\n'),
    'no beginning': lines.slice(1).join('\n'),
    'another label at the end': pem.replace('END PUBLIC', 'END PRIVATE'),
    'a label in small letters': pem.replaceAll('PUBLIC KEY', 'public key'),
    'four dashes': pem.replace('-----BEGIN', '----BEGIN'),
    'a header': pem.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'),
    'a comment': pem.replace('-----\n', '-----\n# key\n'),
    'one long line': [lines[0], body, lines.at(-1)].join('\n'),
    'lines of 76 characters': [lines[0], ...body.match(/.{1,76}/g)!, lines.at(-1)].join('\n'),
    'lines of 63 characters': [lines[0], ...body.match(/.{1,63}/g)!, lines.at(-1)].join('\n'),
    'an empty line within': pem.replace(lines[1]!, `${lines[1]}\n`),
    'an empty last line': pem.replace('\n-----END', '\n\n-----END'),
    'an empty first line': pem.replace('-----\n', '-----\n\n'),
    'a space at the end of a line': pem.replace(lines[1]!, `${lines[1]} `),
    'END on the same line': pem.replace('\n-----END', '-----END'),
    'no lines at all': `${lines[0]}\n${lines.at(-1)}\n`,
    'padding that is missing': pem.replace(/=+\n/, '\n'),
    'spare bits': pem.replace(/.==?\n/, (end) => `B${end.slice(1)}`),
    base64url: pem.replace(/\//g, '_'),
    'a megabyte': pem.replace(lines[1]!, `${lines[1]}\n`.repeat(16000)),
    'SEC 1': pemOf('EC PRIVATE KEY', bytesOf(pem)),
    'an encrypted key': pemOf('ENCRYPTED PRIVATE KEY', bytesOf(pem)),
    'a certificate': pemOf('CERTIFICATE', bytesOf(pem)),
    'PKCS#1': pemOf('RSA PUBLIC KEY', bytesOf(pem)),
  }
  it.each(Object.entries(refused))('%s is refused', (_name, text) => {
    expect(text).not.toBe(pem)
    expect(thrownCode(() => read(text))).toBe(malformed)
  })

  it('the message says what to do, and repeats nothing', () => {
    const text = pemOf('EC PRIVATE KEY', Uint8Array.of(1, 2, 3))
    expect(() => read(text)).toThrow(/openssl pkey/)
    expect(() => read(text)).not.toThrow(/AQID|EC PRIVATE/)
  })
})

/** AlgorithmIdentifiers. */
const id = {
  p256: item('30', '06072a8648ce3d0201', '06082a8648ce3d030107'),
  p384: item('30', '06072a8648ce3d0201', '06052b81040022'),
  secp256k1: item('30', '06072a8648ce3d0201', '06052b8104000a'),
  ecdh: item('30', '06052b8104010c', '06082a8648ce3d030107'),
  x25519: item('30', '06032b656e'),
  ed25519: item('30', '06032b6570'),
  mlDsa65: item('30', '0609608648016503040312'),
  mlDsa44: item('30', '0609608648016503040311'),
  rsa: item('30', '06092a864886f70d010101', '0500'),
}

describe('SPKI', async () => {
  const publicOf = async (algorithm: Any): Promise<string> =>
    toHex((await keyFromSeed(algorithm, seed)).publicKey.bytes)
  const ed = await publicOf(ed25519)
  const point = await publicOf(es256)
  const short = `0${2 + (Number.parseInt(point.slice(-1), 16) & 1)}${point.slice(2, 66)}`
  const spki = (identifier: string, key: string, spare = '00'): string =>
    item('30', identifier, item('03', spare, key))
  const good = spki(id.ed25519, ed)

  it('the helper writes what toPem writes', async () => {
    for (const [algorithm, identifier] of [
      [ed25519, id.ed25519],
      [x25519, id.x25519],
      [es256, id.p256],
      [es256k, id.secp256k1],
      [mlDsa65, id.mlDsa65],
    ] as const) {
      const pem = toPem((await keyFromSeed(algorithm as KemAlgorithm, seed)).publicKey)
      expect(toHex(bytesOf(pem))).toBe(spki(identifier, await publicOf(algorithm)))
    }
  })

  const cases: Record<string, [string, string]> = {
    empty: ['', malformed],
    'a bare key': [ed, malformed],
    'a byte after it': [`${good}00`, malformed],
    'a byte less': [good.slice(0, -2), malformed],
    'a byte after the bit string': [item('30', id.ed25519, item('03', '00', ed), '00'), malformed],
    'an item after the bit string': [
      item('30', id.ed25519, item('03', '00', ed), '0500'),
      malformed,
    ],
    'no bit string': [item('30', id.ed25519), malformed],
    'an octet string': [item('30', id.ed25519, item('04', ed)), malformed],
    'an empty bit string': [item('30', id.ed25519, '0300'), malformed],
    'bits that do not fill a byte': [spki(id.ed25519, ed, '01'), malformed],
    'a SET': [`31${good.slice(2)}`, malformed],
    'a long length (BER)': [`3081${good.slice(2)}`, malformed],
    'a longer length (BER)': [`308200${good.slice(2)}`, malformed],
    'a length of three bytes': [`30830000${good.slice(2)}`, malformed],
    'a long length inside': [item('30', id.ed25519, `038121${`00${ed}`}`), malformed],
    'an indefinite length (BER)': [`3080${good.slice(4)}0000`, malformed],
    'a length past the end': [`3082ffff${good.slice(4)}`, malformed],
    'a length and nothing more': ['3082', malformed],
    'a key of 31 bytes': [spki(id.ed25519, ed.slice(2)), malformed],
    'a key of 33 bytes': [spki(id.ed25519, `${ed}00`), malformed],
    'the identity point': [spki(id.ed25519, `01${'00'.repeat(31)}`), malformed],
    'parameters that are NULL': [spki(item('30', '06032b6570', '0500'), ed), malformed],
    'no algorithm': [spki('3000', ed), unsupported],
    'an algorithm that is no sequence': [spki('06032b6570', ed), malformed],
    'an OID in a longer form': [spki(item('30', '06042b800570'), ed), unsupported],
    RSA: [spki(id.rsa, ed), unsupported],
    'P-384': [spki(id.p384, point), unsupported],
    'no curve': [spki(item('30', '06072a8648ce3d0201'), point), unsupported],
    'a curve by its parameters': [
      spki(item('30', '06072a8648ce3d0201', item('30', '020101')), point),
      unsupported,
    ],
    'id-ecDH': [spki(id.ecdh, point), unsupported],
    'ML-DSA-44': [spki(id.mlDsa44, point), unsupported],
    'ML-DSA-65 of another length': [spki(id.mlDsa65, point), malformed],
    'a compressed point': [spki(id.p256, short), malformed],
    'a hybrid point': [spki(id.p256, `06${point.slice(2)}`), malformed],
    'a point off the curve': [spki(id.p256, `${point.slice(0, -2)}00`), malformed],
    'the point of another curve': [spki(id.secp256k1, point), malformed],
    infinity: [spki(id.p256, '00'), malformed],
    'X25519 of small order': [spki(id.x25519, '00'.repeat(32)), malformed],
  }
  it.each(Object.entries(cases))('%s is refused', (_name, [digits, code]) => {
    expect(thrownCode(() => read(pemOf('PUBLIC KEY', hex(digits))))).toBe(code)
  })

  it('a compressed point says how to convert it, DER where it is wrong', () => {
    expect(() => read(pemOf('PUBLIC KEY', hex(spki(id.p256, short))))).toThrow(/-ec_conv_form/)
    const error = (() => {
      try {
        return read(pemOf('PUBLIC KEY', hex(item('30', id.ed25519, item('04', ed)))))
      } catch (caught) {
        return caught
      }
    })()
    expect(error).toMatchObject({ offset: 9 })
  })
})

describe('PKCS#8', async () => {
  const secretHex = toHex(seed)
  const publicOf = async (algorithm: Any, n = seed): Promise<string> =>
    toHex((await keyFromSeed(algorithm, n)).publicKey.bytes)
  const [ed, point, k1] = [await publicOf(ed25519), await publicOf(es256), await publicOf(es256k)]
  const other = await publicOf(es256, new Uint8Array(32).fill(9))
  const otherEd = await publicOf(ed25519, new Uint8Array(32).fill(9))
  const okp = item('04', item('04', secretHex))
  const curve = '06082a8648ce3d030107'
  const ec = (...parts: string[]): string =>
    item('04', item('30', '020101', item('04', secretHex), ...parts))
  const inside = (key: string): string => item('a1', item('03', '00', key))
  const outside = (key: string): string => item('81', '00', key)
  const v1 = (...parts: string[]): string => item('30', '020100', ...parts)
  const v2 = (...parts: string[]): string => item('30', '020101', ...parts)
  const { ml_dsa65 } = await import('@noble/post-quantum/ml-dsa.js')
  const expanded = toHex(ml_dsa65.keygen(seed).secretKey)
  const both = (s: string, e: string): string =>
    item('04', item('30', item('04', s), item('04', e)))

  const taken: Record<string, [Any, string]> = {
    'Ed25519, version 1': [ed25519, v1(id.ed25519, okp)],
    'Ed25519, version 2 with its public key': [ed25519, v2(id.ed25519, okp, outside(ed))],
    'X25519, version 1': [x25519, v1(id.x25519, okp)],
    'P-256 as OpenSSL writes it': [es256, v1(id.p256, ec(inside(point)))],
    'P-256 without the public key': [p256, v1(id.p256, ec())],
    'P-256 with the curve inside too': [es256, v1(id.p256, ec(item('a0', curve)))],
    'P-256 with both': [es256, v1(id.p256, ec(item('a0', curve), inside(point)))],
    'P-256, version 2': [es256, v2(id.p256, ec(), outside(point))],
    secp256k1: [es256k, v1(id.secp256k1, ec(inside(k1)))],
    'ML-DSA-65, seed': [mlDsa65, v1(id.mlDsa65, item('04', item('80', secretHex)))],
    'ML-DSA-65, seed and expanded key': [mlDsa65, v1(id.mlDsa65, both(secretHex, expanded))],
  }
  it.each(Object.entries(taken))('%s is taken', async (_name, [algorithm, digits]) => {
    const key = await fromPem(pemOf('PRIVATE KEY', hex(digits)), {
      algorithms: [algorithm],
      secret: true,
    })
    expect(toHex(key.publicKey.bytes)).toBe(await publicOf(algorithm))
  })

  const order = 'ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551'
  const cases: Record<string, [string, string]> = {
    empty: ['', malformed],
    'a bare seed': [secretHex, malformed],
    'a byte after it': [`${v1(id.ed25519, okp)}00`, malformed],
    'an item after it': [v1(id.ed25519, okp, '0500'), malformed],
    'version 3': [item('30', '020102', id.ed25519, okp), malformed],
    'a version of two bytes': [item('30', '02020000', id.ed25519, okp), malformed],
    'no version': [item('30', id.ed25519, okp), malformed],
    attributes: [v1(id.ed25519, okp, 'a000'), malformed],
    'attributes in version 2': [v2(id.ed25519, okp, 'a000', outside(ed)), malformed],
    'version 1 with a public key': [v1(id.ed25519, okp, outside(ed)), malformed],
    'version 2 without one': [v2(id.ed25519, okp), malformed],
    'another public key outside': [v2(id.ed25519, okp, outside(otherEd)), malformed],
    'a public key with spare bits': [v2(id.ed25519, okp, item('81', '01', ed)), malformed],
    'an explicit public key': [v2(id.ed25519, okp, item('a1', item('03', '00', ed))), malformed],
    'another algorithm': [v1(id.rsa, okp), unsupported],
    'a key that is not wrapped twice': [v1(id.ed25519, item('04', secretHex)), malformed],
    'a byte after the inner key': [
      v1(id.ed25519, item('04', item('04', secretHex), '00')),
      malformed,
    ],
    'a seed of 31 bytes': [v1(id.ed25519, item('04', item('04', secretHex.slice(2)))), malformed],
    'a seed of 33 bytes': [v1(id.x25519, item('04', item('04', `${secretHex}00`))), malformed],
    'the whole key of 64 bytes': [
      v1(id.ed25519, item('04', item('04', secretHex + ed))),
      malformed,
    ],
    'an EC key in the form of Ed25519': [v1(id.ed25519, ec()), malformed],
    'a bare EC scalar': [v1(id.p256, okp), malformed],
    'an EC key of version 2': [
      v1(id.p256, item('04', item('30', '020102', item('04', secretHex)))),
      malformed,
    ],
    'another curve inside': [v1(id.p256, ec(item('a0', '06052b8104000a'))), malformed],
    'another public key inside': [v1(id.p256, ec(inside(other))), malformed],
    'a compressed public key inside': [
      v1(id.p256, ec(inside(`02${point.slice(2, 66)}`))),
      malformed,
    ],
    'the public key before the curve': [
      v1(id.p256, ec(inside(point), item('a0', curve))),
      malformed,
    ],
    'two public keys': [v1(id.p256, ec(inside(point), inside(point))), malformed],
    'a byte behind the public key': [
      v1(id.p256, ec(item('a1', item('03', '00', point), '00'))),
      malformed,
    ],
    'the scalar 0': [
      v1(id.p256, item('04', item('30', '020101', item('04', '00'.repeat(32))))),
      malformed,
    ],
    'the order': [v1(id.p256, item('04', item('30', '020101', item('04', order)))), malformed],
    'a scalar without its leading zero': [
      v1(id.p256, item('04', item('30', '020101', item('04', secretHex.slice(2))))),
      malformed,
    ],
    'ML-DSA-65 as an expanded key alone': [
      v1(id.mlDsa65, item('04', item('04', expanded))),
      malformed,
    ],
    'a seed of another expanded key': [
      v1(id.mlDsa65, both(toHex(new Uint8Array(32).fill(9)), expanded)),
      malformed,
    ],
    'an expanded key that is cut': [v1(id.mlDsa65, both(secretHex, expanded.slice(2))), malformed],
    'an ML-DSA seed as octet string': [
      v1(id.mlDsa65, item('04', item('04', secretHex))),
      malformed,
    ],
    'a constructed seed': [
      v1(id.mlDsa65, item('04', item('a0', item('04', secretHex)))),
      malformed,
    ],
    'a short ML-DSA seed': [v1(id.mlDsa65, item('04', item('80', secretHex.slice(2)))), malformed],
    'an expanded key with a short seed': [
      v1(id.mlDsa65, both(secretHex.slice(2), expanded)),
      malformed,
    ],
  }
  it.each(Object.entries(cases))('%s is refused', async (_name, [digits, code]) => {
    expect(await codeOf(readSecret(pemOf('PRIVATE KEY', hex(digits))))).toBe(code)
  })

  it('an expanded key alone says what is missing', async () => {
    const pem = pemOf('PRIVATE KEY', hex(v1(id.mlDsa65, item('04', item('04', expanded)))))
    expect(String(await rejection(readSecret(pem)))).toMatch(/seed/)
  })

  it('no change of one byte is taken for the same key', async () => {
    const whole = hex(v2(id.p256, ec(item('a0', curve), inside(point)), outside(point)))
    for (let i = 0; i < whole.length; i++) {
      const changed = whole.map((byte, at) => (at === i ? byte ^ 0x01 : byte))
      const outcome = await readSecret(pemOf('PRIVATE KEY', changed), [p256]).catch(
        (error: unknown) => error,
      )
      expect(outcome, `byte ${i}`).toBeInstanceOf(Error)
    }
  })
})
