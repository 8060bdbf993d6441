import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/store/index.ts'
import { toHex } from '../helpers/bytes.ts'
import { collect, openTestLog } from './helpers/logs.ts'

const page = readFileSync(new URL('../../docs/formats/log.md', import.meta.url), 'utf8')

/** Hexadecimal digits as the page breaks them. */
const broken = (bytes: Uint8Array): string =>
  (toHex(bytes).match(/.{1,96}/g) ?? []).join('\n            ')

describe('docs/formats/log.md', () => {
  it('has the bytes that the log writes', async () => {
    const store = memoryStore()
    const log = await openTestLog(store)
    const values = [`vkey        ${log.verifierKey}`]
    const [genesis] = await collect(log.read(0, 1))
    values.push(`entry 0     ${toHex(genesis!)}`)
    for (const append of [[], [new Uint8Array(32).fill(7)]]) {
      await log.append(append)
      values.push((await log.checkpoint()).trimEnd())
      values.push(`.head       ${broken((await store.get('.head'))!)}`)
    }
    for (const value of values) expect(page).toContain(value)
  })
})
