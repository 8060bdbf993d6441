import { isCaresealError } from '../../errors.ts'
import { concat, equalBytes } from '../../internal/bytes.ts'
import type { BlobStore } from '../types.ts'
import {
  badKeys,
  type ConformanceCase,
  collect,
  conformanceCases,
  demand,
  demandRejection,
  sample,
} from './cases.ts'

/**
 * The cases that every {@link BlobStore} passes, for any test runner.
 *
 * @param createBlobs - Makes a fresh, empty blob store for each case.
 * @returns The cases.
 * @example
 * In a test file, here without a runner.
 * ```ts
 * import { blobConformance, memoryBlobs } from 'careseal/store'
 *
 * for (const { id, run } of blobConformance(memoryBlobs)) console.log(id, await run())
 * ```
 */
export function blobConformance(
  createBlobs: () => BlobStore | Promise<BlobStore>,
): ConformanceCase[] {
  return conformanceCases<BlobStore>(createBlobs, [...reading, ...writing])
}

type Body = Parameters<typeof conformanceCases<BlobStore>>[1][number]

async function* pieces(...parts: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield part
}

async function holds(blobs: BlobStore, key: string, expected: Uint8Array): Promise<void> {
  demand((await blobs.size(key)) === expected.length, `size('${key}') must be ${expected.length}`)
  const found = concat(...(await collect(blobs.read(key, 0, expected.length))))
  demand(equalBytes(found, expected), `read('${key}') must give the bytes that were put`)
}

const reading: readonly Body[] = [
  [
    'round-trip',
    'the pieces that were put come back as one content, an empty one too',
    async (blobs) => {
      await blobs.put(
        'a/large',
        pieces(sample(1, 100_000), sample(2, 3), sample(3, 0), sample(4, 9)),
      )
      await holds(blobs, 'a/large', concat(sample(1, 100_000), sample(2, 3), sample(4, 9)))
      await blobs.put('empty', pieces())
      await holds(blobs, 'empty', new Uint8Array(0))
      return undefined
    },
  ],
  [
    'ranges',
    'read gives exactly the range, and less only where the content ends',
    async (blobs) => {
      const content = sample(1, 150_000)
      await blobs.put('key', pieces(content))
      for (const [offset, length] of [
        [0, 1],
        [1, 99_999],
        [65_535, 2],
        [149_999, 1],
        [149_990, 100],
        [150_000, 5],
        [200_000, 5],
        [10, 0],
      ] as const) {
        const found = concat(...(await collect(blobs.read('key', offset, length))))
        demand(
          equalBytes(found, content.slice(offset, offset + length)),
          `read(${offset}, ${length}) must give that range`,
        )
      }
      return undefined
    },
  ],
  [
    'absent',
    'an absent blob has no size, and reading it is ERR_STORE_FAILED',
    async (blobs) => {
      demand((await blobs.size('key')) === null, 'the size of an absent blob must be null')
      const error = await demandRejection(
        () => collect(blobs.read('key', 0, 1)),
        'reading an absent blob must reject',
      )
      demand(isCaresealError(error, 'ERR_STORE_FAILED'), 'it must reject with ERR_STORE_FAILED')
      return undefined
    },
  ],
  [
    'read-copies-out',
    'what read gave can be changed without changing the blob',
    async (blobs) => {
      await blobs.put('key', pieces(sample(1)))
      for (const part of await collect(blobs.read('key', 0, 5))) part.fill(0)
      await holds(blobs, 'key', sample(1))
      return undefined
    },
  ],
]

const writing: readonly Body[] = [
  [
    'put-copies-in',
    'a piece may be used again once the next one is asked for',
    async (blobs) => {
      async function* reused(): AsyncGenerator<Uint8Array> {
        const buffer = new Uint8Array(5)
        for (let i = 0; i < 3; i++) {
          buffer.set(sample(i))
          yield buffer
        }
      }
      await blobs.put('key', reused())
      await holds(blobs, 'key', concat(sample(0), sample(1), sample(2)))
      return undefined
    },
  ],
  [
    'all-or-nothing',
    'a source that fails leaves what was there before',
    async (blobs) => {
      const reason = new Error('the source broke')
      async function* broken(): AsyncGenerator<Uint8Array> {
        yield sample(2, 1000)
        throw reason
      }
      const first = await demandRejection(() => blobs.put('key', broken()), 'put must reject')
      demand(first === reason, 'put must reject with what the source threw')
      demand((await blobs.size('key')) === null, 'nothing may be there')
      await blobs.put('key', pieces(sample(1)))
      await demandRejection(() => blobs.put('key', broken()), 'put must reject')
      await holds(blobs, 'key', sample(1))
      return undefined
    },
  ],
  [
    'replace-and-delete',
    'put replaces, delete deletes, also what is absent',
    async (blobs) => {
      await blobs.put('key', pieces(sample(1, 100)))
      await blobs.put('key', pieces(sample(2, 3)))
      await holds(blobs, 'key', sample(2, 3))
      await blobs.delete('key')
      demand((await blobs.size('key')) === null, 'a deleted blob must be absent')
      await blobs.delete('key')
      return undefined
    },
  ],
  [
    'refusals',
    'bad keys and positions are a RangeError, an aborted call rejects with its reason',
    async (blobs) => {
      await blobs.put('key', pieces(sample(1)))
      const ranges = badKeys.flatMap((key) => [
        () => blobs.put(key, pieces(sample(1))),
        () => collect(blobs.read(key, 0, 1)),
        () => blobs.size(key),
        () => blobs.delete(key),
      ])
      for (const call of [
        ...ranges,
        () => collect(blobs.read('key', -1, 1)),
        () => collect(blobs.read('key', 0, 0.5)),
      ]) {
        const error = await demandRejection(call, 'a bad key or position must be refused')
        demand(error instanceof RangeError, 'it must be a RangeError')
      }
      const reason = new Error('no longer needed')
      const signal = AbortSignal.abort(reason)
      for (const call of [
        () => blobs.put('key', pieces(sample(2)), { signal }),
        () => collect(blobs.read('key', 0, 1, { signal })),
        () => blobs.size('key', { signal }),
        () => blobs.delete('key', { signal }),
      ]) {
        const error = await demandRejection(call, 'an aborted call must reject')
        demand(error === reason, 'an aborted call must reject with the reason of its signal')
      }
      await holds(blobs, 'key', sample(1))
      return undefined
    },
  ],
]
