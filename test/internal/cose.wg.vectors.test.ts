import { beforeAll, expect, it } from 'vitest'
import { verifyEvent } from '../../src/consent/index.ts'
import { inspect, open } from '../../src/envelope/index.ts'
import { type CborValue, decodeForeign, encodeCbor, Tagged } from '../../src/internal/cbor/index.ts'
import { encryptAad } from '../../src/internal/cose/encrypt.ts'
import { unwrapKey } from '../../src/internal/engine/aesKw.ts'
import { chacha } from '../../src/internal/engine/chacha.ts'
import { gcm } from '../../src/internal/engine/gcm.ts'
import {
  decodePublicIdentity,
  ed25519,
  es256,
  fromJwk,
  type Jwk,
  keyDirectory,
  type SignatureAlgorithm,
  verifySignature,
  x25519,
} from '../../src/keys/index.ts'
import { hex, text, toHex } from '../helpers/bytes.ts'
import { RefusedCbor, refused } from '../helpers/cbor.ts'
import { codeOf, codeOfError } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'
import { describeVectors, vectorJson, vectorNames } from '../helpers/vectors.ts'

// All 306 examples of the COSE working group. careseal reads COSE_Sign1, COSE_Sign and COSE_Encrypt, and of those
// only its own profiles and COSE-HPKE; so its parts are checked: Sig_structure and signature, Enc_structure and
// content cipher, AES key wrap. What has no part of ours is counted by the reason, so that nothing falls through.

type Headers = Readonly<Record<string, unknown>>
interface Party {
  readonly key?: Readonly<Record<string, string>>
  readonly alg?: string
  readonly protected?: Headers
  readonly unprotected?: Headers
  readonly external?: string
}
interface Body extends Party {
  readonly signers?: readonly Party[]
  readonly recipients?: readonly Party[]
}
interface Example {
  readonly fail?: boolean
  readonly input: Readonly<Partial<Record<Kind, Body>>> & {
    readonly plaintext?: string
    readonly plaintext_hex?: string
  }
  readonly intermediates?: {
    readonly AAD_hex?: string
    readonly CEK_hex?: string
    readonly ToBeSign_hex?: string
    readonly signers?: readonly { readonly ToBeSign_hex: string }[]
    readonly recipients?: readonly { readonly KEK_hex?: string }[]
  }
  readonly output: { readonly cbor: string }
}
type Kind = (typeof kinds)[number]
interface Loaded extends Example {
  readonly file: string
  readonly kind: Kind
  readonly body: Body
}

const kinds = ['sign', 'sign0', 'encrypted', 'enveloped', 'mac', 'mac0'] as const
const tags = [16, 17, 18, 96, 97, 98]
const base = 'crypto/cose-wg'
const empty = new Uint8Array(0)

const algorithmOf = ({ alg, protected: inner, unprotected }: Party): string =>
  String(alg ?? inner?.['alg'] ?? unprotected?.['alg'])
const bytesOf = (header: CborValue): Uint8Array => {
  const bytes = header as Uint8Array
  return toHex(bytes) === 'a0' ? empty : bytes
}
const untagged = (value: CborValue): CborValue[] =>
  (value instanceof Tagged ? value.value : value) as CborValue[]
const base64Url = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64url')

function load(): Loaded[] {
  return vectorNames(base)
    .filter((name) => !name.includes('.') && name !== 'LICENSE')
    .flatMap((folder) => vectorNames(`${base}/${folder}`).map((name) => `${folder}/${name}`))
    .filter((file) => file.endsWith('.json'))
    .map((file) => {
      const example = vectorJson<Example>(`${base}/${file}`)
      const kind = kinds.find((one) => example.input[one] !== undefined)!
      return { ...example, file, kind, body: example.input[kind]! }
    })
}

/** Our algorithm of a signer, or `null`. */
function signatureOf(party: Party): SignatureAlgorithm | null {
  const curve = party.key?.['crv']
  if (algorithmOf(party) === 'ES256' && curve === 'P-256') return es256
  return algorithmOf(party) === 'EdDSA' && curve === 'Ed25519' ? ed25519 : null
}

function keyOf({ key = {} }: Party, algorithm: SignatureAlgorithm) {
  const member = (name: string): Record<string, string> =>
    key[`${name}_hex`] === undefined
      ? key[name] === undefined
        ? {}
        : { [name]: key[name] }
      : { [name]: base64Url(hex(key[`${name}_hex`]!)) }
  const kty = key['kty'] === 'OKP' ? 'OKP' : 'EC'
  const jwk = { kty, crv: key['crv'], ...member('x'), ...member('y') }
  return fromJwk(jwk as unknown as Jwk, { algorithms: [algorithm] })
}

/** Which of our parts an example concerns; otherwise why none. */
function concernOf({ kind, body }: Loaded): 'signature' | 'content' | 'wrap' | string {
  if (kind === 'sign' || kind === 'sign0') {
    const signers = kind === 'sign' ? body.signers! : [body]
    if (signers.some((signer) => signatureOf(signer) !== null)) return 'signature'
    return 'not ours: signature algorithm'
  }
  const wraps = (body.recipients ?? []).some((one) => /A256KW$/.test(algorithmOf(one)))
  if (kind === 'mac' || kind === 'mac0') return wraps ? 'wrap' : 'not ours: COSE_Mac'
  const cipher = algorithmOf(body)
  if (cipher === 'A256GCM' || cipher === 'ChaCha-Poly1305') return 'content'
  return wraps ? 'wrap' : `not ours: ${cipher.replace(/-.*/, '')}`
}

describeVectors('COSE working group examples', () => {
  let all: Loaded[]
  beforeAll(() => {
    all = load()
  })
  const concerning = (concern: string): Loaded[] => all.filter((one) => concernOf(one) === concern)

  it('are all accounted for', () => {
    expect(all).toHaveLength(306)
    const counts: Record<string, number> = {}
    for (const one of all) counts[concernOf(one)] = (counts[concernOf(one)] ?? 0) + 1
    expect(counts).toEqual(expectedCounts)
    const run = ['signature', 'content', 'wrap'].reduce((sum, name) => sum + counts[name]!, 0)
    expect(run).toBe(82)
  })

  it('signatures: the Sig_structure that we build, and the verdict', async () => {
    let [verified, foreign] = [0, 0]
    const failed: string[] = []
    for (const { file, kind, body, intermediates, output, fail } of concerning('signature')) {
      const signers = kind === 'sign' ? body.signers! : [body]
      const message = untagged(decodeForeign(hex(output.cbor), refused, [...tags, 998]))
      const [header, , payload, last] = message
      for (const [i, signer] of signers.entries()) {
        const algorithm = signatureOf(signer)
        if (algorithm === null) {
          foreign++
          continue
        }
        const external = hex(signer.external ?? '')
        const [own, , signature] = kind === 'sign' ? (last as CborValue[][])[i]! : message
        const structure =
          kind === 'sign'
            ? ['Signature', bytesOf(header!), bytesOf(own!), external, payload!]
            : ['Signature1', bytesOf(header!), external, payload!]
        const signed = encodeCbor(structure)
        const made = (kind === 'sign' ? signature : last) as Uint8Array
        const verdict = await verifySignature(keyOf(signer, algorithm), signed, made)
        if (fail === true) {
          failed.push(`${file} ${verdict}`)
          continue
        }
        const stated = intermediates!.signers?.[i]?.ToBeSign_hex ?? intermediates!.ToBeSign_hex
        expect(toHex(signed), file).toBe(stated!.toLowerCase())
        expect(verdict, file).toBe(true)
        verified++
      }
    }
    expect(verified).toBe(30)
    // RFC 8152 C.1.2 has a second signature with ES512.
    expect(foreign).toBe(1)
    // The first of each has only another tag, which is the decoder's to refuse; the others do not verify.
    const expected = ['sign-tests', 'sign1-tests'].flatMap((folder) =>
      [1, 2, 3, 4, 6, 7].map((n) => `${folder}/sign-fail-0${n}.json ${n === 1}`),
    )
    expect(failed.sort()).toEqual(expected)
    for (const file of ['sign-tests', 'sign1-tests'].map((one) => `${one}/sign-fail-01.json`)) {
      const { cbor } = vectorJson<Example>(`${base}/${file}`).output
      expect(() => decodeForeign(hex(cbor), refused, tags)).toThrow(RefusedCbor)
    }
  })

  it('pitfall 25: content: the Enc_structure that we build, and A256GCM and ChaCha20-Poly1305 over it', async () => {
    const examples = concerning('content')
    for (const { file, kind, body, input, intermediates, output } of examples) {
      const message = untagged(decodeForeign(hex(output.cbor), refused, tags))
      const [header, unprotected, ciphertext] = message as [
        Uint8Array,
        ReadonlyMap<number, Uint8Array>,
        Uint8Array,
      ]
      const external = hex(body.external ?? '')
      const aad =
        kind === 'enveloped'
          ? encryptAad(header, external)
          : encodeCbor(['Encrypt0', bytesOf(header), external])
      // The quirk of chacha-poly-enc-01: the AAD that it states says "Encrypt1", its ciphertext is right.
      const quirk = file === 'chacha-poly-examples/chacha-poly-enc-01.json'
      const stated = hex(intermediates!.AAD_hex!)
      expect(text(stated.slice(2, 10)), file).toBe(
        quirk ? 'Encrypt1' : kind === 'enveloped' ? text(aad.slice(2, 10)) : 'Encrypt0',
      )
      if (!quirk) expect(toHex(aad), file).toBe(toHex(stated))
      const aead = algorithmOf(body) === 'A256GCM' ? gcm : chacha
      const key = hex(intermediates!.CEK_hex!)
      const plaintext = await aead.open(key, unprotected.get(5)!, aad, ciphertext)
      expect(plaintext === null ? null : text(plaintext), file).toBe(input.plaintext)
      aad[0]! ^= 1
      expect(await aead.open(key, unprotected.get(5)!, aad, ciphertext), file).toBeNull()
    }
  })

  it('wraps: A256KW under the key that the example states', () => {
    let unwrapped = 0
    const withWrap = all.filter(({ body }) =>
      (body.recipients ?? []).some((one) => /A256KW$/.test(algorithmOf(one))),
    )
    for (const { file, body, intermediates, output } of withWrap) {
      const recipients = untagged(decodeForeign(hex(output.cbor), refused, tags)).slice(-1)[0]
      for (const [i, recipient] of body.recipients!.entries()) {
        if (!/A256KW$/.test(algorithmOf(recipient))) continue
        const stated = intermediates!.recipients?.[i]?.KEK_hex
        const k = recipient.key!['k'] ?? ''
        const key = stated === undefined ? Buffer.from(k, 'base64url') : hex(stated)
        const [, , wrapped] = (recipients as CborValue[][])[i]!
        const contentKey = unwrapKey(new Uint8Array(key), wrapped as Uint8Array)
        expect(contentKey === null ? null : toHex(contentKey), file).toBe(
          intermediates!.CEK_hex!.toLowerCase(),
        )
        unwrapped++
      }
    }
    expect(unwrapped).toBe(19)
  })

  it('none is taken for an envelope, a card or an event of ours, nor opens as a foreign one', async () => {
    const as = await kemKey(x25519)
    const authors = keyDirectory([])
    const foreign: Record<string, number> = {}
    for (const { file, output, kind, body } of all) {
      const bytes = hex(output.cbor)
      const code = await codeOf(open(bytes, { as, profile: 'foreign' }))
      foreign[code] = (foreign[code] ?? 0) + 1
      // A message of a cipher that we have is read, and nobody here is among its readers.
      const readable = kind === 'enveloped' && concernOf({ body, kind } as Loaded) === 'content'
      expect(code, file).toBe(
        readable ? 'ERR_ENVELOPE_RECIPIENT_NOT_FOUND' : 'ERR_ENVELOPE_MALFORMED',
      )
      expect(await codeOf(open(bytes, { as })), file).toBe('ERR_ENVELOPE_MALFORMED')
      expect(await codeOf(verifyEvent(bytes, { authors })), file).toBe('ERR_EVENT_MALFORMED')
      expect(await codeOf(decodePublicIdentity(bytes)), file).toBe('ERR_KEY_MALFORMED')
      let inspected = 'shown'
      try {
        inspect(bytes)
      } catch (error) {
        inspected = codeOfError(error)
      }
      expect(inspected, file).toBe('ERR_ENVELOPE_MALFORMED')
    }
    expect(foreign['ERR_ENVELOPE_RECIPIENT_NOT_FOUND']).toBe(23)
  })

  it('pitfall 25: aes-gcm-05 has a partial IV, whose context is nowhere in the message', async () => {
    const { output } = vectorJson<Example>(`${base}/aes-gcm-examples/aes-gcm-05.json`)
    const as = await kemKey(x25519)
    await expect(open(hex(output.cbor), { as, profile: 'foreign' })).rejects.toThrow('partial IV')
  })
})

const expectedCounts: Record<string, number> = {
  signature: 42,
  content: 25,
  wrap: 15,
  'not ours: signature algorithm': 13,
  'not ours: A128GCM': 59,
  'not ours: A192GCM': 4,
  'not ours: AES': 69,
  'not ours: COSE_Mac': 79,
}
