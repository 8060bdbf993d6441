import { fc, test } from '@fast-check/vitest'
import { expect, it } from 'vitest'
import { armor, writeAge } from '../../examples/migrate-archive/writeAge.ts'
import { fromAge, fromJwe, joseHpke, openAge, toJwe } from '../../src/envelope/index.ts'
import { concatKdf } from '../../src/envelope/jwe/concatKdf.ts'
import { isCaresealError } from '../../src/errors.ts'
import { fromBase64Url, toBase64Url } from '../../src/internal/base64.ts'
import { p256Secret } from '../../src/internal/engine/p256.ts'
import { p256, x25519 } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { kemKey } from '../helpers/keys.ts'
import { mutated } from '../helpers/mutate.ts'

const note = utf8('Hb 7.1 g/dL')
const keys = [await kemKey(p256), await kemKey(x25519)] as const
const recipients = keys.map(({ publicKey }) => publicKey)
const jwes = [
  utf8(await toJwe(note, { recipients: recipients.slice(0, 1) })),
  utf8(await toJwe(note, { recipients: recipients.slice(1), algorithm: joseHpke })),
]
const age = writeAge(note, [keys[1].publicKey.bytes])
const ages = [age, utf8(armor(age))]

/** Damaged input gives the content unchanged or an error of ours, and nothing else. */
async function takenOrRefused(open: () => Promise<{ content: Uint8Array }>): Promise<void> {
  try {
    expect((await open()).content).toEqual(note)
  } catch (error) {
    if (!isCaresealError(error)) throw error
    expect(error.message).not.toContain('Hb 7.1')
  }
}

test.prop([mutated(fc.constantFrom(...jwes)), fc.nat(1)])(
  'a damaged JWE holds what it held, or nothing',
  async (jwe, n) => takenOrRefused(() => fromJwe(jwe, { as: keys[n]! })),
)

test.prop([mutated(fc.constantFrom(...ages))])(
  'a damaged age file holds what it held, or nothing',
  async (file) => takenOrRefused(() => fromAge(file, { as: keys[1] })),
)

test.prop([fc.uint8Array({ maxLength: 3000 }), fc.integer({ min: 1, max: 500 })])(
  'content comes out as it went in, in pieces of any size',
  async (content, size) => {
    const file = writeAge(content, [keys[1].publicKey.bytes])
    async function* pieces() {
      for (let i = 0; i < file.length; i += size) yield file.subarray(i, i + size)
    }
    const out: Uint8Array[] = []
    for await (const piece of openAge(pieces(), { as: keys[1] })) out.push(piece)
    expect(Buffer.compare(Buffer.concat(out), content)).toBe(0)
    const jwe = await toJwe(content, { recipients })
    expect((await fromJwe(jwe, { as: keys[0] })).content).toEqual(content)
  },
)

it('Concat KDF gives what RFC 7518 Appendix C says', async () => {
  const bytes = (text: string) => fromBase64Url(text)!
  const secret = p256Secret(bytes('0_NxaRPUMQoAJt50Gz8YiTr8gRTwyEaCumd-MToTmIo'))
  const bob = Uint8Array.of(
    4,
    ...bytes('weNJy2HscCSM6AEDTDg04biOvhFhyyWvOHQfeF_PxMQ'),
    ...bytes('e8lnCO-AlStT-NJVX-crhB7QRYhiix03illJOVAOyck'),
  )
  const shared = (await secret.agree(bob))!
  const derived = concatKdf(shared, 'A128GCM', 16, utf8('Alice'), utf8('Bob'))
  expect(toBase64Url(derived)).toBe('VqqN6vgjbSBcIijNcacQGg')
})
