import { throwIfAborted } from '../../internal/abort.ts'
import { optionsOf } from '../../internal/options.ts'
import type { BlobStore, StoreCallOptions } from '../index.ts'
import { blobAbsent, positionArgument } from '../key.ts'
import { clientOf } from './client.ts'
import { download, sizeOf } from './download.ts'
import { call } from './request.ts'
import type { S3BlobsOptions } from './types.ts'
import { upload } from './upload.ts'

/**
 * A blob store in a bucket of S3, or of what speaks its protocol, over `fetch`. The host signs the requests, with a
 * library such as aws4fetch or by presigned URLs; nothing here sees credentials.
 *
 * A blob appears whole or not at all. Up to one part it is one request; a larger one is an upload in parts with one
 * part and `fetch`'s copies of it in memory, given up if the source or a part fails. A read is of one version. Failed requests are repeated a bounded
 * number of times, redirects are refused. There is no time limit: pass a `signal`.
 *
 * @param options - The bucket, who signs, and details.
 * @returns The blob store.
 * @throws {@link TypeError} if an option has the wrong type or an unknown name.
 * @throws {@link RangeError} if `prefix`, `partSize` or `attempts` is out of range.
 * @example
 * With aws4fetch, which is not a part of careseal.
 * ```ts
 * import { AwsClient } from 'aws4fetch'
 * import { s3Blobs } from 'careseal/store/s3'
 *
 * const client = new AwsClient({ accessKeyId: '…', secretAccessKey: '…', service: 's3', region: 'eu-central-1' })
 * const blobs = s3Blobs({
 *   bucket: 'https://records.s3.eu-central-1.amazonaws.com',
 *   prefix: 'imaging',
 *   sign: (request) => client.sign(request.url, request),
 * })
 * console.log(typeof blobs.put) // function
 * ```
 * @see docs/store.md
 */
export function s3Blobs(options: S3BlobsOptions): BlobStore {
  const client = clientOf(options)
  return {
    async put(key, source, options: StoreCallOptions = {}): Promise<void> {
      client.urlOf(key)
      if (typeof source?.[Symbol.asyncIterator] !== 'function') {
        throw new TypeError('source must be an AsyncIterable of Uint8Array chunks')
      }
      const { signal } = optionsOf(options)
      throwIfAborted(signal)
      await upload(client, key, source, signal)
    },
    async *read(key, offset, length, options: StoreCallOptions = {}): AsyncGenerator<Uint8Array> {
      client.urlOf(key)
      const from = positionArgument(offset, 'offset')
      const to = Math.min(from + positionArgument(length, 'length'), Number.MAX_SAFE_INTEGER)
      const { signal } = optionsOf(options)
      throwIfAborted(signal)
      if (from < to) yield* download(client, key, from, to, signal)
      else if ((await sizeOf(client, key, signal)) === null) throw blobAbsent(key)
    },
    async size(key, options: StoreCallOptions = {}): Promise<number | null> {
      client.urlOf(key)
      return sizeOf(client, key, optionsOf(options).signal)
    },
    async delete(key, options: StoreCallOptions = {}): Promise<void> {
      client.urlOf(key)
      const { signal } = optionsOf(options)
      const request = {
        method: 'DELETE',
        key,
        what: `Deleting ${key}`,
        applies: true,
        signal,
      } as const
      await call(client, request, ({ status, code }) => {
        return status === 204 || status === 200 || (status === 404 && code === 'NoSuchKey')
      })
    },
  }
}
