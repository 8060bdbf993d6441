/** Sealing 10,000 Observations of about 1 KiB, everything included, beside a bare loop over node:crypto. */
import {
  createCipheriv,
  createHmac,
  generateKeyPairSync,
  hash,
  randomBytes,
  sign,
} from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { sealRecords } from 'careseal'
import { canonicalize } from 'careseal/fhir'
import { ed25519, generateIdentity, generateKey } from 'careseal/keys'
import { openLog } from 'careseal/log'
import { memoryStore, type Store } from 'careseal/store'
import { directoryStore } from 'careseal/store/fs'
import { median } from './measure.ts'

const count = 10_000
const rounds = 3

/** An Observation of about 1 KiB, no two alike. */
export function observation(i: number): string {
  return JSON.stringify({
    resourceType: 'Observation',
    id: `glucose-${i}`,
    meta: { versionId: '1', lastUpdated: '2025-09-16T13:05:00.000+02:00' },
    text: {
      status: 'generated',
      div: `<div xmlns="http://www.w3.org/1999/xhtml"><p>Glucose ${i % 20}.4 mmol/L</p></div>`,
    },
    identifier: [{ system: 'https://ehr.example.org/observations', value: String(i) }],
    status: 'final',
    category: [
      {
        coding: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/observation-category',
            code: 'laboratory',
            display: 'Laboratory',
          },
        ],
      },
    ],
    code: {
      coding: [
        { system: 'http://loinc.org', code: '15074-8', display: 'Glucose [Moles/volume] in Blood' },
      ],
    },
    subject: { reference: 'Patient/mara-lindqvist' },
    effectiveDateTime: '2025-09-16T13:05:00+02:00',
    performer: [{ reference: 'Practitioner/nordin', display: 'Dr Henrik Nordin' }],
    valueQuantity: {
      value: (i % 200) / 10,
      unit: 'mmol/l',
      system: 'http://unitsofmeasure.org',
      code: 'mmol/L',
    },
    referenceRange: [{ low: { value: 3.1, unit: 'mmol/l' }, high: { value: 6.2, unit: 'mmol/l' } }],
  })
}

async function run(
  inputs: Iterable<{ key: number; content: Uint8Array }>,
  store: Store,
): Promise<number> {
  const author = await generateIdentity()
  const reader = await generateIdentity()
  const signer = await generateKey(ed25519)
  const log = await openLog({ origin: 'bench.example/log', signer, store })
  const start = performance.now()
  let sealed = 0
  const options = { author, recipients: [author.public, reader.public], log }
  for await (const { records, failed } of sealRecords(inputs, options)) {
    if (failed.length > 0) throw failed[0]!.error
    sealed += records.length
  }
  const seconds = (performance.now() - start) / 1000
  await log.close()
  return sealed / seconds
}

/**
 * The same primitives on inputs of the same lengths with node:crypto directly, and nothing else: canonicalise and
 * hash the content, six more hashes, a key commitment by HKDF (two HMACs), one Ed25519 signature, AES-256-GCM over
 * the padded record, two AES key wraps, a leaf and a node of the log's tree. No encoding, no log, no receipt.
 */
export function bare(contents: readonly Uint8Array[]): number {
  const { privateKey } = generateKeyPairSync('ed25519')
  const wrapping = [randomBytes(32), randomBytes(32)]
  const padded = Buffer.alloc(1536)
  const sha = (data: Uint8Array): Buffer => hash('sha256', data, 'buffer')
  const hmac = (key: Uint8Array, data: Uint8Array): Buffer =>
    createHmac('sha256', key).update(data).digest()
  const wrapIv = Buffer.alloc(8, 0xa6)
  const start = performance.now()
  for (const content of contents) {
    sha(canonicalize(content).bytes)
    sha(content)
    sha(padded.subarray(0, 116))
    sha(padded.subarray(0, 182))
    const opened = sha(padded.subarray(0, 124))
    const signature = sign(null, padded.subarray(0, 200), privateKey)
    sha(padded.subarray(0, 256))
    sha(padded.subarray(0, 81))
    const random = randomBytes(32 + 32 + 32 + 32 + 12)
    const key = random.subarray(0, 32)
    hmac(hmac(random.subarray(32, 64), key), padded.subarray(0, 39))
    const cipher = createCipheriv('aes-256-gcm', key, random.subarray(128), { authTagLength: 16 })
    cipher.setAAD(padded.subarray(0, 99))
    padded.set(content)
    padded.set(signature, content.length)
    Buffer.concat([cipher.update(padded), cipher.final(), cipher.getAuthTag()])
    for (const kek of wrapping) {
      const wrap = createCipheriv('id-aes256-wrap', kek, wrapIv)
      Buffer.concat([wrap.update(key), wrap.final()])
    }
    sha(padded.subarray(0, 65))
    sha(opened)
  }
  return (contents.length * 1000) / (performance.now() - start)
}

export async function benchRecords(): Promise<void> {
  const encoder = new TextEncoder()
  const contents = Array.from({ length: count }, (_, i) => encoder.encode(observation(i)))
  const inputs = contents.map((content, key) => ({ key, content }))
  const figures = { bare: [] as number[], disk: [] as number[], memory: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    figures.bare.push(bare(contents))
    const folder = mkdtempSync(join(tmpdir(), 'careseal-bench-'))
    figures.disk.push(await run(inputs, directoryStore(join(folder, 'log'))))
    rmSync(folder, { recursive: true })
    figures.memory.push(await run(inputs, memoryStore()))
  }
  const [loop, disk, memory] = [median(figures.bare), median(figures.disk), median(figures.memory)]
  console.log(
    `\n### sealRecords: ${count.toLocaleString('en')} Observations of ${contents[0]!.length} bytes, 2 readers\n`,
  )
  console.log('Canonicalise, commit, sign, seal, pad, log and issue a receipt for each.\n')
  console.log('| | records per second | of the bare loop |\n|---|---:|---:|')
  const row = (name: string, value: number): void =>
    console.log(
      `| ${name} | ${Math.round(value).toLocaleString('en')} | ${(value / loop).toFixed(2)} |`,
    )
  row('bare loop over node:crypto, no log', loop)
  row('sealRecords, log in a directory (fsync)', disk)
  row('sealRecords, log in memory', memory)
}
