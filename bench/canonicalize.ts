/** Canonical JSON beside the npm package canonicalize and the platform's own JSON. */
import { existsSync, readFileSync } from 'node:fs'
import { pathToFileURL } from 'node:url'
import canonicalizeNpm from 'canonicalize'
import { canonicalize, lossless1, parse, r6Json } from 'careseal/fhir'
import { type Case, measure, table } from './measure.ts'

const vectors = process.env['CARESEAL_VECTORS'] ?? '../shared/vectors'
const synthea = `${vectors}/fhir/synthea/bundles/Margery_Gibson_cdb2d67c-173f-42e7-859a-d04a8088680e.json`
const peer = 'canonicalize 4.0.0 (parse, canonicalize, UTF-8)'

/** An Observation of 1 KiB, as a server gives it out. */
function observation(i: number): unknown {
  const system = 'http://loinc.org'
  const component = (code: string, display: string, value: number): unknown => ({
    code: { coding: [{ system, code, display }] },
    valueQuantity: { value, unit: 'mmHg', system: 'http://unitsofmeasure.org', code: 'mm[Hg]' },
  })
  return {
    resourceType: 'Observation',
    id: `blood-pressure-${i}`,
    meta: { versionId: '1', lastUpdated: '2025-09-16T13:05:00.000+02:00' },
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>Blood pressure 1${i % 90}.5/82 mmHg</p></div>`,
    },
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'vital-signs',
          },
        ],
      },
    ],
    code: { coding: [{ system, code: '85354-9', display: 'Blood pressure panel' }] },
    subject: { reference: 'Patient/mara-lindqvist' },
    effectiveDateTime: '2025-09-16T13:05:00+02:00',
    component: [
      component('8480-6', 'Systolic blood pressure', 100.5 + (i % 90)),
      component('8462-4', 'Diastolic blood pressure', 82),
    ],
  }
}

/** A Bundle of about 2 MB: Synthea's, where the test vectors are at hand, else one of Observations. */
function bundle(): { name: string; text: string } {
  if (existsSync(synthea)) return { name: 'Synthea bundle', text: readFileSync(synthea, 'utf8') }
  const entry = Array.from({ length: 900 }, (_, i) => ({ resource: observation(i) }))
  const value = { resourceType: 'Bundle', type: 'collection', entry }
  return { name: 'bundle of Observations', text: JSON.stringify(value, null, 2) }
}

/** The same text, canonicalized by all; from bytes, for that is what a server has. */
function cases(text: string): Case[] {
  const bytes = new TextEncoder().encode(text)
  const encoder = new TextEncoder()
  return [
    { name: 'careseal lossless1', run: () => canonicalize(bytes, { canonicalization: lossless1 }) },
    { name: 'careseal r6Json', run: () => canonicalize(bytes, { canonicalization: r6Json }) },
    { name: 'careseal parse', run: () => parse(bytes) },
    { name: peer, run: () => encoder.encode(canonicalizeNpm(JSON.parse(text))) },
    { name: 'JSON.stringify(JSON.parse())', run: () => JSON.stringify(JSON.parse(text)) },
  ]
}

export async function benchCanonicalize(): Promise<void> {
  const { name, text } = bundle()
  const minified = JSON.stringify(JSON.parse(text))
  const one = JSON.stringify(observation(1))
  const inputs: [title: string, text: string][] = [
    [`${name}, indented, ${size(text)}`, text],
    [`${name}, minified, ${size(minified)}`, minified],
    [`Observation, ${size(one)}`, one],
  ]
  for (const [title, input] of inputs) {
    const rows = await measure(cases(input))
    table(`Canonical JSON: ${title}`, rows, peer)
    const ours = rows[0]!.perSecond
    const json = rows[rows.length - 1]!.perSecond
    const rate = (ours * input.length) / 1e6
    console.log(
      `\nlossless1: ${rate.toFixed(0)} MB/s, ${(ours / json).toFixed(2)} × JSON.stringify(JSON.parse())`,
    )
  }
}

function size(text: string): string {
  const bytes = new TextEncoder().encode(text).length
  return bytes < 10_000 ? `${bytes} bytes` : `${(bytes / 1e6).toFixed(2)} MB`
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await benchCanonicalize()
