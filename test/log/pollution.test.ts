import { describe, expect, it } from 'vitest'
import {
  openLog,
  parseLogPolicy,
  readLog,
  verifyCheckpoint,
  verifyInclusion,
} from '../../src/log/index.ts'
import { memoryStore } from '../../src/store/index.ts'
import { batch, collect, origin, signerOf, trust } from './helpers/logs.ts'
import { entry } from './helpers/reference.ts'

const hostile: Record<string, unknown> = {
  verifiers: [{ type: 1, publicKeySize: 32, verify: async () => ({ time: null }) }],
  floor: async () => ({ size: 9, root: new Uint8Array(32) }),
  clock: () => new Date(0),
  signal: AbortSignal.abort(new Error('polluted')),
  checkpoint: 'polluted',
  size: 1,
  policy: null,
  refuseExtra: true,
  now: new Date(0),
}

describe('a polluted Object.prototype', () => {
  for (const [name, value] of Object.entries(hostile)) {
    it(`does not steer the log: ${name}`, async () => {
      const signer = await signerOf(1)
      const store = memoryStore()
      Object.defineProperty(
        Object.prototype,
        name,
        Object.assign(Object.create(null), { value, writable: true, configurable: true }),
      )
      try {
        const log = await openLog({ origin, signer, store })
        expect(log.rollbackProtection).toBe(false)
        await log.append(batch(0, 3))
        const policy = trust(log)
        const proof = await log.proveInclusion(2)
        const verified = await verifyInclusion(proof, { commitment: entry(1), policy })
        expect([verified.index, verified.size]).toEqual([2, 4])
        const reader = await readLog({ store, policy })
        expect(await reader.checkpoint()).toBe(await log.checkpoint())
        expect((await reader.proveConsistency(1, 4)).length).toBe(2)
        expect(await collect(reader.read(1, 4))).toEqual(batch(0, 3))
        const forged = (await log.checkpoint()).replace('\n4\n', '\n9\n')
        await expect(verifyCheckpoint(forged, { policy })).rejects.toThrow('does not fit')
        expect(parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`).quorum).toBeNull()
        await log.close()
      } finally {
        delete (Object.prototype as Record<string, unknown>)[name]
      }
    })
  }
})
