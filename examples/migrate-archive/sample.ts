import { generateKeyPairSync, randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { generateKey, type LocalDecapsulator, p256, toJwk } from 'careseal/keys'
import { CompactEncrypt, GeneralEncrypt, importJWK } from 'jose'
import { ageIdentity, agePublicKey, armor, writeAge } from './writeAge.ts'

/** An archive as it may be found: mostly fine, some of it not. */
export interface Sample {
  /** The private key of the JWE files, as a JWK. */
  readonly jwk: Record<string, string>
  /** The private key of the age files, as age-keygen prints it. */
  readonly identity: string
  /** What the files hold that can be moved. */
  readonly contents: ReadonlyMap<string, Uint8Array>
  /** Which cannot, and why. */
  readonly broken: Readonly<Record<string, string>>
}

const observation = (n: number): Uint8Array =>
  new TextEncoder().encode(
    `{"resourceType":"Observation","id":"hb-${n}","status":"final","code":{"text":"Hb"},"valueQuantity":{"value":${7 + n}.10,"unit":"g/dL"}}`,
  )

/** Writes the archive into a folder. */
export async function makeSample(folder: string): Promise<Sample> {
  await mkdir(folder, { recursive: true })
  const contents = new Map<string, Uint8Array>()
  const put = async (name: string, file: Uint8Array | string, content?: Uint8Array) => {
    await writeFile(join(folder, name), file)
    if (content !== undefined) contents.set(name, content)
  }

  const key: LocalDecapsulator = await generateKey(p256)
  const publicKey = await importJWK({ ...toJwk(key.publicKey) }, 'ECDH-ES+A256KW')
  const header = { alg: 'ECDH-ES+A256KW', enc: 'A256GCM', cty: 'fhir+json' }
  for (const n of [1, 2, 3]) {
    const compact = await new CompactEncrypt(observation(n))
      .setProtectedHeader(header)
      .encrypt(publicKey)
    await put(`observation-${n}.jwe`, compact, observation(n))
  }
  const general = await new GeneralEncrypt(observation(4))
    .setProtectedHeader({ enc: 'A256GCM', cty: 'fhir+json' })
    .addRecipient(publicKey)
    .setUnprotectedHeader({ alg: 'ECDH-ES+A256KW', kid: 'archive-2019' })
    .encrypt()
  await put('observation-4.jwe', JSON.stringify(general), observation(4))
  await put('observation-5.jwe', JSON.stringify({ ...general, tag: 'AAAAAAAAAAAAAAAAAAAAAA' }))
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const old = await new CompactEncrypt(observation(6))
    .setProtectedHeader({ alg: 'RSA-OAEP-256', enc: 'A256GCM' })
    .encrypt(rsa.publicKey)
  await put('observation-6.jwe', old)

  const secret = new Uint8Array(randomBytes(32))
  const recipients = [agePublicKey(secret)]
  const letter = new TextEncoder().encode('Dear colleague, please see the attached scan.')
  await put('letter.txt.age', armor(writeAge(letter, recipients)), letter)
  await put('observation-7.json.age', writeAge(observation(7), recipients), observation(7))
  const scan = new Uint8Array(17 * 1024 * 1024).map((_, i) => i >> 16)
  const scanFile = writeAge(scan, recipients)
  await put('scan.dcm.age', scanFile, scan)
  await put('scan-cut.dcm.age', scanFile.subarray(0, scanFile.length - 100_000))
  return {
    jwk: { ...toJwk(key, { secret: true }) } as unknown as Record<string, string>,
    identity: ageIdentity(secret),
    contents,
    broken: {
      'observation-5.jwe': 'ERR_ENVELOPE_OPEN_FAILED',
      'observation-6.jwe': 'ERR_ALGORITHM_UNSUPPORTED',
      'scan-cut.dcm.age': 'ERR_ENVELOPE_OPEN_FAILED',
    },
  }
}
