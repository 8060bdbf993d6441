import { equalBytes } from '../internal/bytes.ts'
import { requireVerified } from '../internal/verified.ts'
import type { KeyRecord } from '../keys/index.ts'
import { explainReceipt } from '../ledger/index.ts'
import type { OpenedRecord, OpenedStream } from './types.ts'

/**
 * Says in plain words what was verified about an opened record, and what was not.
 *
 * @param opened - A result of {@link openRecord} or {@link openRecordStream}, as it was returned.
 * @returns A few sentences, one per line; no content of the record.
 * @throws {@link TypeError} if `opened` did not come from one of them.
 * @example
 * What a person is shown beside a record.
 * ```ts
 * import { explainRecord, openRecord, sealRecord } from 'careseal'
 * import { generateIdentity, keyDirectory } from 'careseal/keys'
 *
 * const physician = await generateIdentity()
 * const { envelope } = await sealRecord('{"resourceType":"Patient"}', {
 *   author: physician,
 *   recipients: [physician.public],
 * })
 * const authors = keyDirectory([{ identity: physician.public, name: 'Dr Chen' }])
 * console.log(explainRecord(await openRecord(envelope, { as: physician, authors })))
 * ```
 */
export function explainRecord(opened: OpenedRecord | OpenedStream): string {
  requireVerified('record', opened, 'opened')
  const { authors, manifest, addressed, security, logged } = opened
  const people = authors.filter((author, i) => firstOf(author, authors) === i)
  const names = people.map((person) => signedBy(person, authors)).join(' and ')
  const lines = [
    `Signed by ${names}, who ${people.length === 1 ? 'says' : 'say'} it was created ${manifest.createdAt.toISOString()}.`,
    addressedText[addressed],
    security === 'post-quantum'
      ? 'Sealed so that a quantum computer would not help a thief.'
      : 'Sealed with classical cryptography only: a future quantum computer could open a copy kept today.',
    coverageOf(opened),
  ]
  if (manifest.amends !== null) lines.push(`It replaces the version ${manifest.amends}.`)
  lines.push(
    logged === null
      ? 'No receipt was checked: nothing says whether a log has it, or since when it exists.'
      : explainReceipt(logged),
  )
  return lines.join('\n')
}

function coverageOf(opened: OpenedRecord | OpenedStream): string {
  if (!('content' in opened)) {
    return `The signature covers a stream of ${opened.size} bytes; each part is verified when it is read, the whole at its end.`
  }
  const { canonicalization } = opened.manifest
  return canonicalization === 'raw'
    ? 'The signature covers the content byte for byte.'
    : `The signature covers the content byte for byte, and its FHIR meaning under ${canonicalization}.`
}

/** Where the first key of an author's identity stands: one person may have signed with two. */
function firstOf({ identity }: KeyRecord, authors: readonly KeyRecord[]): number {
  return authors.findIndex((other) => equalBytes(other.identity.signing.id, identity.signing.id))
}

/** The name of a person, with the algorithms where there are several keys. */
function signedBy(person: KeyRecord, authors: readonly KeyRecord[]): string {
  const first = firstOf(person, authors)
  const own = authors.filter((author) => firstOf(author, authors) === first)
  const name = own.find((record) => record.name !== null)?.name ?? person.identity.did
  const algorithms = own.map(({ key }) => key.algorithm.name).join(' and ')
  return own.length === 1 ? name : `${name} (with ${algorithms})`
}

const addressedText = {
  original: 'Its author sealed it to this reader.',
  shared: 'Its author did not seal it to this reader; another reader passed it on.',
  unstated: 'Its author did not state the readers.',
} as const
