import { expect, it } from 'vitest'
import { fromJwe } from '../../src/envelope/index.ts'
import { fromJwk, type Jwk, p256, x25519 } from '../../src/keys/index.ts'
import { text, utf8 } from '../helpers/bytes.ts'
import { codeOf, rejection } from '../helpers/errors.ts'
import { kemKey } from '../helpers/keys.ts'
import { describeVectors, vectorJson } from '../helpers/vectors.ts'

interface JoseVector {
  readonly alg: string
  readonly jwk: Jwk
  readonly flattened: object
  readonly compact: string
}

const file = 'crypto/jose-hpke/jose-vectors-draft-20.json'
/** P-384, P-521 and X448 are not among our KEMs. */
const foreignCurves = /^HPKE-[1256](-KE)?$/

describeVectors('draft-ietf-jose-hpke-encrypt', () => {
  it('opens in both serializations what our keys can open, and names what they cannot', async () => {
    const vectors = vectorJson<JoseVector[]>(file)
    expect(vectors.length).toBe(16)
    for (const { alg, jwk, flattened, compact } of vectors) {
      if (foreignCurves.test(alg)) {
        const as = await kemKey(p256)
        for (const jwe of [JSON.stringify(flattened), compact]) {
          const error = (await rejection(fromJwe(jwe, { as }))) as Error
          expect(error).toMatchObject({ code: 'ERR_ALGORITHM_UNSUPPORTED' })
          expect(error.message).toContain(`${alg},`)
        }
        continue
      }
      const as = await fromJwk(jwk, { algorithms: [p256, x25519], secret: true })
      const fromFlattened = await fromJwe(JSON.stringify(flattened), { as })
      const fromCompact = await fromJwe(utf8(compact), { as })
      expect(text(fromCompact.content)).toContain('You can trust us to stick with you')
      expect(fromFlattened.content).toEqual(fromCompact.content)
      expect(text(fromFlattened.aad!)).toBe('The Fellowship of the Ring')
      expect(fromCompact.aad).toBe(null)
      expect(JSON.parse(fromCompact.protectedHeader)).toMatchObject({ alg })

      // The same with the aad taken away, or under another key, does not open.
      const { aad: _, ...bare } = flattened as { aad: string }
      expect(await codeOf(fromJwe(JSON.stringify(bare), { as }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
      const other = await kemKey(as.publicKey.algorithm)
      expect(await codeOf(fromJwe(compact, { as: other }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    }
  })
})
