import { verify, X509Certificate } from 'node:crypto'
import { expect, it } from 'vitest'
import {
  type Canonicalization,
  canonicalize,
  r6Json,
  r6JsonDocument,
} from '../../src/fhir/index.ts'
import { text } from '../helpers/bytes.ts'
import { describeVectors, vectorJson } from '../helpers/vectors.ts'

type Bundle = Record<string, unknown> & { signature?: { data: string } }

/** Whether the signature of a Bundle verifies over a canonical form of the Bundle without it. */
function verifies(name: string, canonicalization: Canonicalization): boolean {
  const { signature, ...bundle } = vectorJson<Bundle>(`fhir/fhir-test-cases/signatures/${name}`)
  const jws = Buffer.from(signature!.data, 'base64').toString()
  const [header, , value] = jws.split('.') as [string, string, string]
  const { x5c } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { x5c: string[] }
  const { publicKey } = new X509Certificate(Buffer.from(x5c[0]!, 'base64'))
  const { bytes } = canonicalize(JSON.stringify(bundle), { canonicalization })
  const signed = Buffer.from(`${header}.${Buffer.from(bytes).toString('base64url')}`)
  return verify('sha256', signed, publicKey, Buffer.from(value, 'base64url'))
}

describeVectors('Bundles that HL7 signed', () => {
  it('json: the whole Bundle', () => {
    expect(verifies('bundle-signed-good.json', r6Json)).toBe(true)
    expect(verifies('bundle-signed-good.json', r6JsonDocument)).toBe(false)
  })

  it.each(['example-1.json', 'example-3.json'])('json#document: %s without id and meta', (name) => {
    expect(verifies(name, r6JsonDocument)).toBe(true)
    expect(verifies(name, r6Json)).toBe(false)
  })

  it('json#document: a Bundle that was changed after it was signed', () => {
    expect(verifies('example-2.json', r6JsonDocument)).toBe(false)
    const { signature } = vectorJson<Bundle>('fhir/fhir-test-cases/signatures/example-2.json')
    const [, payload] = Buffer.from(signature!.data, 'base64').toString().split('.') as string[]
    const signed = Buffer.from(payload!, 'base64url').toString()
    expect(text(canonicalize(signed, { canonicalization: r6JsonDocument }).bytes)).toBe(signed)
  })
})
