import { createECDH } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { writeAge } from '../../examples/migrate-archive/writeAge.ts'
import { fromAge, fromJwe, toJwe } from '../../src/envelope/index.ts'
import { dhkem, p256, webCryptoKey, x25519 } from '../../src/keys/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'

const note = utf8('Please review the MRI.')

describe('a key that lives elsewhere opens what plain ECDH opens', () => {
  it('a JWE with a key of dhkem', async () => {
    const home = createECDH('prime256v1')
    home.generateKeys()
    let calls = 0
    const as = dhkem({
      algorithm: p256,
      publicKey: new Uint8Array(home.getPublicKey()),
      async ecdh(peer) {
        calls++
        return new Uint8Array(home.computeSecret(peer))
      },
    })
    const jwe = await toJwe(note, { recipients: [as.publicKey] })
    expect((await fromJwe(jwe, { as })).content).toEqual(note)
    expect(calls).toBe(1)
    const other = createECDH('prime256v1')
    other.generateKeys()
    const wrong = dhkem({
      algorithm: p256,
      publicKey: as.publicKey,
      ecdh: async (peer) => new Uint8Array(other.computeSecret(peer)),
    })
    expect(await codeOf(fromJwe(jwe, { as: wrong }))).toBe('ERR_ENVELOPE_OPEN_FAILED')
    const silent = dhkem({
      algorithm: p256,
      publicKey: as.publicKey,
      ecdh: () => Promise.reject(new Error('the token was pulled')),
    })
    expect(await codeOf(fromJwe(jwe, { as: silent }))).toBe('ERR_KEY_UNAVAILABLE')
  })

  it('an age file and a JWE with a non-extractable key of WebCrypto', async () => {
    const keyPair = (await crypto.subtle.generateKey({ name: 'X25519' }, false, [
      'deriveBits',
    ])) as CryptoKeyPair
    const as = await webCryptoKey({ algorithm: x25519, keyPair })
    const file = writeAge(note, [as.publicKey.bytes])
    expect((await fromAge(file, { as })).content).toEqual(note)
    const jwe = await toJwe(note, { recipients: [as.publicKey] })
    expect((await fromJwe(jwe, { as })).content).toEqual(note)
  })
})
