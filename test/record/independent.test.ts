/**
 * A second, straight-line reading of docs/formats.md §3 and §4 over cborg and node:crypto: what careseal seals
 * is taken apart here without careseal's own code, from the decrypted plaintext on.
 */
import { createHash } from 'node:crypto'
import { decode, encode, rfc8949EncodeOptions, Tagged } from 'cborg'
import { CID } from 'multiformats/cid'
import { expect, it } from 'vitest'
import { sealRecord } from '../../src/index.ts'
import { openPlaintext } from '../../src/internal/envelope/opening.ts'
import { readerKeys } from '../../src/internal/envelope/reader.ts'
import { verifySignature } from '../../src/keys/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { person } from '../helpers/keys.ts'

const sha = (...parts: Uint8Array[]): Uint8Array => {
  const hash = createHash('sha256')
  for (const part of parts) hash.update(part)
  return new Uint8Array(hash.digest())
}
const cbor = (value: unknown): Uint8Array => encode(value, rfc8949EncodeOptions)
const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)
const sign1 = { 18: Tagged.decoder(18) }
// biome-ignore lint/suspicious/noExplicitAny: decoded structures are checked by what follows
const read = (bytes: Uint8Array): any => decode(bytes, { useMaps: true, tags: sign1 as never })

it('has the opening, the signature and the commitment that the formats describe', async () => {
  const [chen, okafor] = [await person(1), await person(2)]
  const content = '{"b":1.50,"resourceType":"Basic","a":"x"}'
  const first = await sealRecord(content, { author: chen, recipients: [chen.public] })
  const sealed = await sealRecord(content, {
    author: chen,
    recipients: [chen.public, okafor.public],
    subject: new Uint8Array([1, 2, 3]),
    securityLabels: ['R', 'N'],
    amends: first.id,
    now: new Date(1_767_323_045_000),
  })
  const opened = await openPlaintext(sealed.envelope, readerKeys(okafor), {
    externalAad: new Uint8Array(0),
    profile: 'careseal',
  })
  const [domain, manifestBytes, signature, stored, padding] = read(opened.plaintext)
  expect(domain).toBe('careseal/record/1')
  expect(new TextDecoder().decode(stored)).toBe(content)
  expect(padding.every((byte: number) => byte === 0)).toBe(true)

  const manifest = read(manifestBytes)
  const canonical = '{"a":"x","b":1.50,"resourceType":"Basic"}'
  const audience = [chen, okafor].map((one) => one.public.encryption.id).sort(Buffer.compare)
  expect(manifest.get(1)).toBe(1)
  expect(manifest.get(2)).toBe('record')
  expect(manifest.get(4)).toBe('lossless/1')
  expect(toHex(manifest.get(6))).toBe(toHex(sha(ascii(canonical))))
  expect(manifest.get(8)).toBe(1_767_323_045)
  expect(manifest.get(11)).toEqual(['N', 'R'])
  expect(manifest.get(12).map(toHex)).toEqual([toHex(chen.public.signing.id)])
  expect(manifest.get(15).map(toHex)).toEqual(audience.map(toHex))
  expect(toHex(manifest.get(10))).toBe(toHex(first.commitment))

  const head = cbor([
    'careseal/head/1',
    manifest.get(3),
    manifest.get(8),
    manifest.get(9),
    manifest.get(10),
    manifest.get(11),
    sha(ascii(content)),
    null,
    manifest.get(14),
  ])
  const opening = cbor([
    'careseal/commit/1',
    'record',
    manifest.get(12),
    manifest.get(4),
    manifest.get(5),
    manifest.get(6),
    sha(head),
    manifest.get(7),
  ])
  const [protectedBytes, unprotected, payload, raw] = read(signature).value
  expect(unprotected.size).toBe(0)
  expect(toHex(payload)).toBe(toHex(sha(opening)))
  const headers = read(protectedBytes)
  expect([...headers.keys()].sort((a: number, b: number) => a - b)).toEqual([
    -77003, -77001, 1, 4, 16,
  ])
  expect(headers.get(16)).toBe('application/careseal-record+cose')
  expect(toHex(headers.get(-77003))).toBe(
    toHex(sha(cbor(['careseal/audience/1', audience, manifest.get(14)]))),
  )
  expect(toHex(headers.get(-77001))).toBe(toHex(opened.envelope.own!.envelopeId))
  const toBeSigned = cbor(['Signature1', protectedBytes, new Uint8Array(0), payload])
  expect(await verifySignature(chen.public.signing, toBeSigned, raw)).toBe(true)

  const commitment = sha(ascii('careseal/logged/1'), sha(opening), sha(signature))
  expect(toHex(sealed.commitment)).toBe(toHex(commitment))
  const cid = CID.parse(sealed.id)
  expect([cid.version, cid.code, cid.multihash.code]).toEqual([1, 0x51, 0x12])
  expect(toHex(cid.multihash.digest)).toBe(toHex(commitment))
})
