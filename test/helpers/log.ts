import { ed25519 } from '../../src/keys/index.ts'
import type { TrustPolicy } from '../../src/ledger/index.ts'
import { type Log, openLog, parseLogPolicy } from '../../src/log/index.ts'
import { memoryStore, type Store } from '../../src/store/index.ts'
import { signKey } from './keys.ts'

/** A log in memory, and the policy that trusts it alone. */
export async function testLog(
  store: Store = memoryStore(),
  origin = 'hospital.example/log',
  n = 99,
): Promise<{ log: Log; trust: TrustPolicy }> {
  const log = await openLog({ origin, signer: await signKey(ed25519, n), store })
  return { log, trust: { logs: parseLogPolicy(`log ${log.verifierKey}\nquorum none\n`) } }
}
