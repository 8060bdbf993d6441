import { runInNewContext } from 'node:vm'

/** The forms in which a host's bytes arrive. Each makes a fresh copy with room around it where that is possible. */
export const forms: Record<string, (bytes: Uint8Array) => Uint8Array> = {
  'a Uint8Array': (bytes) => bytes.slice(),
  'a Buffer': (bytes) => Buffer.from(bytes),
  'a Buffer out of a pool': (bytes) => {
    const pool = Buffer.alloc(bytes.length + 64, 0xee)
    pool.set(bytes, 13)
    return pool.subarray(13, 13 + bytes.length)
  },
  'a part of a larger array': (bytes) => {
    const large = new Uint8Array(bytes.length + 64).fill(0xee)
    large.set(bytes, 7)
    return large.subarray(7, 7 + bytes.length)
  },
  'shared memory': (bytes) => {
    const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 16), 5, bytes.length)
    shared.set(bytes)
    return shared
  },
  'memory that can grow': (bytes) => {
    const Growing = ArrayBuffer as unknown as new (
      length: number,
      options: { maxByteLength: number },
    ) => ArrayBuffer
    const array = new Uint8Array(new Growing(bytes.length, { maxByteLength: bytes.length + 99 }))
    array.set(bytes)
    return array
  },
  'an array of another realm': (bytes) =>
    runInNewContext('Uint8Array.from(list)', { list: [...bytes] }) as Uint8Array,
  'a subclass of Uint8Array': (bytes) => {
    class Bytes extends Uint8Array {
      override slice(): never {
        throw new Error('slice of the subclass was called')
      }
      override subarray(): never {
        throw new Error('subarray of the subclass was called')
      }
    }
    const own = new Bytes(bytes.length)
    own.set(bytes)
    return own
  },
}
