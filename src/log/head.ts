import { decodeStrict, encodeCbor } from '../internal/cbor/index.ts'
import { isSize } from '../internal/merkle/index.ts'
import { fromSeconds } from '../internal/time.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { tileWidth } from './tileNames.ts'
import { corrupt } from './treeView.ts'

/** Where the head of a log is. Writing it by compare-and-set is what commits entries. */
export const headKey = '.head'
/** Where the published checkpoint is. */
export const checkpointKey = 'checkpoint'

const kind = 'careseal/log-head/1'

/** What a log writes when it commits: the signed checkpoint, and all entries that no durable tile holds yet. */
export interface Head {
  /** The signed checkpoint. */
  readonly note: string
  /** Entries that durable full tiles hold, a multiple of 256. */
  readonly tiled: number
  /** The entries from there to the size of the checkpoint, 32 bytes each. */
  readonly entries: Uint8Array
  /** When it was written, by the clock of the writer. */
  readonly writtenAt: number
}

/** docs/formats/log.md */
export function encodeHead({ note, tiled, entries, writtenAt }: Head): Uint8Array {
  return encodeCbor([kind, note, tiled, entries, writtenAt])
}

/** A stored head: `checkpoint` is parsed, nothing is verified. */
export function decodeHead(bytes: Uint8Array): Head & { readonly checkpoint: Checkpoint } {
  const damaged = (problem: string): Error => corrupt(`${headKey} cannot be read, ${problem}`)
  const value = decodeStrict(bytes, damaged)
  const [type, note, tiled, entries, writtenAt, ...rest] = Array.isArray(value) ? value : []
  if (
    type !== kind ||
    typeof note !== 'string' ||
    typeof tiled !== 'number' ||
    !(entries instanceof Uint8Array) ||
    !isSize(writtenAt) ||
    rest.length > 0
  ) {
    throw damaged('its parts are not those of a head')
  }
  let checkpoint: Checkpoint
  try {
    checkpoint = parseCheckpoint(note)
  } catch {
    throw damaged('it holds no checkpoint')
  }
  if (tiled < 0 || tiled % tileWidth !== 0 || tiled + entries.length / 32 !== checkpoint.size) {
    throw damaged('its entries are not those of its checkpoint')
  }
  return { note, tiled, entries, writtenAt, checkpoint }
}

/** When a head was written, for messages. */
export function writtenAtText(head: Pick<Head, 'writtenAt'>): string {
  return fromSeconds(head.writtenAt).toISOString()
}
