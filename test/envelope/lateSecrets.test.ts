import { describe, expect, it } from 'vitest'
import { fromJwe, joseHpke, open, seal, toJwe } from '../../src/envelope/index.ts'
import { concatKdf } from '../../src/envelope/jwe/concatKdf.ts'
import { callKey } from '../../src/internal/abort.ts'
import { wrapKey } from '../../src/internal/engine/aesKw.ts'
import { type Decapsulator, type KemAlgorithm, p256, x25519 } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'

const note = utf8('Hb 7.1 g/dL')
const wiped = (size: number) => new Uint8Array(size)

describe('a secret that arrives after an abort', () => {
  const late = async (
    start: (answer: Promise<Uint8Array>, signal: AbortSignal) => Promise<unknown>,
  ) => {
    const secret = new Uint8Array(32).fill(7)
    let release = (_: Uint8Array) => {}
    const answer = new Promise<Uint8Array>((resolve) => {
      release = resolve
    })
    const controller = new AbortController()
    const reason = new Error('enough')
    const waiting = rejection(start(answer, controller.signal))
    await new Promise((resolve) => setTimeout(resolve, 10))
    controller.abort(reason)
    expect(await waiting).toBe(reason)
    release(secret)
    await new Promise((resolve) => setTimeout(resolve, 1))
    return secret
  }

  it('is overwritten: raw ECDH and KEM, of a JWE and of an envelope', async () => {
    const { publicKey } = await kemKey(x25519)
    const recipients = [publicKey]
    const [jwe, hpke] = [
      await toJwe(note, { recipients }),
      await toJwe(note, { recipients, algorithm: joseHpke }),
    ]
    const envelope = await seal(note, { recipients })
    const none: Decapsulator = { publicKey, decapsulate: () => Promise.reject() }
    const asked = (answer: Promise<Uint8Array>): Decapsulator => ({
      publicKey,
      decapsulate: () => answer,
    })
    const secrets = [
      await late((answer, signal) => fromJwe(jwe, { as: none, ecdh: () => answer, signal })),
      await late((answer, signal) => fromJwe(hpke, { as: asked(answer), signal })),
      await late((answer, signal) => open(envelope, { as: asked(answer), signal })),
      await late((answer, signal) => callKey('Trying', signal, () => answer)),
    ]
    expect(secrets).toEqual([wiped(32), wiped(32), wiped(32), wiped(32)])
  })

  it('is not touched where somebody waits for it', async () => {
    const { signal } = new AbortController()
    const secret = new Uint8Array(32).fill(7)
    expect(await callKey('Trying', signal, async () => secret)).toEqual(new Uint8Array(32).fill(7))
  })
})

/** A JWE whose content key is wrapped under an agreement of zeros: it opens for whoever does not check. */
async function jweOfZeros(algorithm: KemAlgorithm): Promise<string> {
  const { publicKey } = await kemKey(algorithm)
  const jwe = JSON.parse(await toJwe(note, { recipients: [publicKey] }))
  const { createCipheriv } = await import('node:crypto')
  const contentKey = new Uint8Array(32).fill(3)
  const cipher = createCipheriv('aes-256-gcm', contentKey, Buffer.from(jwe.iv, 'base64url'))
  cipher.setAAD(Buffer.from(jwe.protected))
  const ciphertext = Buffer.concat([cipher.update(note), cipher.final()]).toString('base64url')
  const tag = cipher.getAuthTag().toString('base64url')
  const none = new Uint8Array(0)
  const key = concatKdf(new Uint8Array(32), 'ECDH-ES+A256KW', 32, none, none)
  const encrypted_key = Buffer.from(wrapKey(key, contentKey)).toString('base64url')
  const recipients = [{ ...jwe.recipients[0], encrypted_key }]
  return JSON.stringify({ ...jwe, recipients, ciphertext, tag })
}

it.each([p256, x25519])(
  'an agreement of zeros opens nothing, not even what is sealed to it',
  async (algorithm) => {
    const { publicKey } = await kemKey(algorithm)
    const as: Decapsulator = { publicKey, decapsulate: () => Promise.reject() }
    const opening = fromJwe(await jweOfZeros(algorithm), {
      as,
      ecdh: async () => new Uint8Array(32),
    })
    expect(await codeOf(opening)).toBe('ERR_ENVELOPE_OPEN_FAILED')
  },
)

it('an encapsulation of small order, or off the curve, is refused before a key is asked', async () => {
  for (const algorithm of [x25519, p256]) {
    const { publicKey } = await kemKey(algorithm)
    const jwe = JSON.parse(await toJwe(note, { recipients: [publicKey], algorithm: joseHpke }))
    const [entry] = jwe.recipients
    const bytes = algorithm === x25519 ? new Uint8Array(32) : publicKey.bytes.slice().fill(5, 60)
    const header = { ...entry.header, ek: Buffer.from(bytes).toString('base64url') }
    let asked = 0
    const decapsulate = async () => {
      asked++
      return new Uint8Array(32)
    }
    const text = JSON.stringify({ ...jwe, recipients: [{ ...entry, header }] })
    expect(await codeOf(fromJwe(text, { as: { publicKey, decapsulate } }))).toBe(
      'ERR_ENVELOPE_MALFORMED',
    )
    expect(asked).toBe(0)
  }
})
