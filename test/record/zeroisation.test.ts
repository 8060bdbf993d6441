import { beforeEach, describe, expect, it, vi } from 'vitest'
import { rekey } from '../../src/envelope/index.ts'
import { openRecord, openRecordStream, sealRecordStream, shareRecord } from '../../src/index.ts'
import { keyDirectory } from '../../src/keys/index.ts'
import { memoryBlobs } from '../../src/store/index.ts'
import { utf8 } from '../helpers/bytes.ts'
import { codeOf } from '../helpers/errors.ts'
import { person } from '../helpers/keys.ts'

/** Everything that held the key of a stream, as it passed through the real code. */
const seen = vi.hoisted(() => ({ secrets: [] as Uint8Array[] }))

vi.mock('../../src/internal/envelope/opening.ts', async (original) => {
  const real = await original<typeof import('../../src/internal/envelope/opening.ts')>()
  const openPlaintext: typeof real.openPlaintext = async (...args) => {
    const opened = await real.openPlaintext(...args)
    seen.secrets.push(opened.plaintext)
    return opened
  }
  return { ...real, openPlaintext }
})
vi.mock('../../src/internal/envelope/sealing.ts', async (original) => {
  const real = await original<typeof import('../../src/internal/envelope/sealing.ts')>()
  const sealPlaintext: typeof real.sealPlaintext = (sealing) => {
    seen.secrets.push(sealing.plaintext as Uint8Array)
    return real.sealPlaintext(sealing)
  }
  return { ...real, sealPlaintext }
})
vi.mock('../../src/internal/envelope/content.ts', async (original) => {
  const real = await original<typeof import('../../src/internal/envelope/content.ts')>()
  const decodePlaintext: typeof real.decodePlaintext = (plaintext) => {
    const value = real.decodePlaintext(plaintext)
    seen.secrets.push((value as Uint8Array[])[1]!)
    return value
  }
  return { ...real, decodePlaintext }
})
vi.mock('../../src/record/manifest.ts', async (original) => {
  const real = await original<typeof import('../../src/record/manifest.ts')>()
  const encodeManifest: typeof real.encodeManifest = (fields) => {
    const bytes = real.encodeManifest(fields)
    seen.secrets.push(bytes)
    return bytes
  }
  const decodeManifest: typeof real.decodeManifest = (bytes) => {
    const fields = real.decodeManifest(bytes)
    seen.secrets.push(bytes, fields.stream!.contentKey)
    return fields
  }
  return { ...real, encodeManifest, decodeManifest }
})

const left = (): number => seen.secrets.filter((bytes) => bytes.some((byte) => byte !== 0)).length

async function sealed() {
  const [chen, okafor] = [await person(1), await person(2)]
  const blobs = memoryBlobs()
  const options = { author: chen, recipients: [chen.public], blobs }
  const { envelope } = await sealRecordStream([utf8('content')], options)
  return { chen, okafor, blobs, envelope }
}

beforeEach(() => {
  seen.secrets = []
})

describe('the key of a record that is a stream is overwritten after use', () => {
  it('by sealing', async () => {
    await sealed()
    expect(seen.secrets).toHaveLength(2)
    expect(left()).toBe(0)
  })

  it('by sharing and rekeying', async () => {
    const { chen, okafor, envelope } = await sealed()
    await shareRecord(envelope, { as: chen, recipients: [okafor.public] })
    expect(seen.secrets).toHaveLength(5)
    const recipients = [chen.public, okafor.public]
    await rekey(envelope, { as: chen, recipients, keepStreamKey: true })
    const refused = rekey(envelope, { as: chen, recipients })
    expect(await codeOf(refused)).toBe('ERR_ENVELOPE_MALFORMED')
    expect(seen.secrets).toHaveLength(10)
    expect(left()).toBe(0)
  })

  it('by opening, also where it is refused', async () => {
    const { chen, blobs, envelope } = await sealed()
    const authors = keyDirectory([chen.public])
    const { close } = await openRecordStream(envelope, { as: chen, authors, blobs })
    close()
    expect(await codeOf(openRecord(envelope, { as: chen, authors }))).toBe('ERR_RECORD_MALFORMED')
    const untrusted = openRecord(envelope, { as: chen, authors: keyDirectory([]) })
    expect(await codeOf(untrusted)).toBe('ERR_ENVELOPE_AUTHOR_UNTRUSTED')
    expect(seen.secrets).toHaveLength(11)
    expect(left()).toBe(0)
  })
})
