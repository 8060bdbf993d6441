import fc from 'fast-check'

// Set-up file of each test file under mutation: the thread has seen another mutant before.

type Namespace = { activeMutant?: string | undefined }
type Known = { careseal_known?: readonly (string | symbol)[]; __stryker__?: Namespace }
const global = globalThis as Known

// Stryker switches the mutant on before the tests of a file; while its modules load, the last one would still be on.
if (global.__stryker__ !== undefined) global.__stryker__.activeMutant = undefined

global.careseal_known ??= Reflect.ownKeys(Object.prototype)
for (const key of Reflect.ownKeys(Object.prototype)) {
  if (!global.careseal_known.includes(key)) Reflect.deleteProperty(Object.prototype, key)
}

// The first counterexample is enough, and verdicts are the same each time.
fc.configureGlobal({ endOnFailure: true, seed: 1 })
