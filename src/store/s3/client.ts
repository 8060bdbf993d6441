import { knownOptions } from '../../internal/options.ts'
import { encodeUtf8 } from '../../internal/utf8.ts'
import { checkStoreKey } from '../key.ts'
import type { S3BlobsOptions } from './types.ts'

/** Options with their defaults, checked. */
export interface Client {
  readonly urlOf: (key: string) => string
  readonly sign: S3BlobsOptions['sign']
  readonly fetch: (url: string, init: RequestInit) => Promise<Response>
  readonly pause: (attempt: number) => Promise<void>
  readonly partSize: number
  readonly attempts: number
}

const mebibyte = 1024 * 1024
/** Bytes of an object's name in S3. */
const maximumName = 1024
const names: readonly (keyof S3BlobsOptions)[] = [
  'bucket',
  'sign',
  'prefix',
  'partSize',
  'attempts',
  'pause',
  'fetch',
]

/** Checks the options of a bucket. */
export function clientOf(options: S3BlobsOptions): Client {
  const own = knownOptions(options, names)
  const { bucket, sign, prefix, partSize = 8 * mebibyte, attempts = 4, pause = wait } = own
  if (typeof bucket !== 'string' || !/^https?:\/\/[^\s?#@\\]+$/.test(bucket)) {
    throw new TypeError('bucket must be the URL of a bucket, without user, query or fragment')
  }
  if (typeof sign !== 'function') throw new TypeError('sign must be a function')
  if (typeof pause !== 'function') throw new TypeError('pause must be a function')
  if (own.fetch !== undefined && typeof own.fetch !== 'function') {
    throw new TypeError('fetch must be a function')
  }
  whole(partSize, 'partSize', 5 * mebibyte, 1024 * mebibyte)
  whole(attempts, 'attempts', 1, 10)
  const base = bucket.replace(/\/+$/, '')
  const folder = prefix === undefined ? '' : `${checkStoreKey(prefix.replace(/\/$/, ''))}/`
  return {
    urlOf: (key) => {
      const name = folder + checkStoreKey(key)
      if (encodeUtf8(name).length > maximumName) {
        throw new RangeError(`key and prefix must not be longer than ${maximumName} UTF-8 bytes`)
      }
      return `${base}/${name.split('/').map(encodeSegment).join('/')}`
    },
    sign,
    fetch: own.fetch ?? ((url, init) => globalThis.fetch(url, init)),
    pause,
    partSize,
    attempts,
  }
}

/** As SigV4 encodes paths: everything but unreserved characters (RFC 3986 §2.3). */
function encodeSegment(segment: string): string {
  const encoded = encodeURIComponent(segment)
  return encoded.replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`)
}

function whole(value: number, name: string, least: number, most: number): void {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw new RangeError(`${name} must be a whole number from ${least} to ${most}`)
  }
}

/** Where there is no setTimeout, the next attempt follows at once. */
function wait(attempt: number): Promise<void> {
  if (typeof globalThis.setTimeout !== 'function') return Promise.resolve()
  return new Promise((resolve) => {
    globalThis.setTimeout(resolve, 100 * 2 ** attempt)
  })
}
