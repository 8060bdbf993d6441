import { createOpener, hasRecipient, rekey } from 'careseal/envelope'
import {
  createIdentity,
  ed25519,
  exportIdentity,
  type Identity,
  type ImportedIdentity,
  importIdentity,
  type KemPublicKey,
  type KeyWrapper,
  type LocalDecapsulator,
  rotateKey,
  setKeyStatus,
  x25519,
  xWing,
} from 'careseal/keys'
import type { Store } from 'careseal/store'

/** Where the exported identity stands in the store, and below what the envelopes do. */
export const identityKey = 'identity'
export const envelopes = 'envelopes/'
/** Envelopes that are moved side by side; most of their time is waiting for the disk. */
const parallel = 32

/** Every algorithm that this identity's keys ever had. */
const algorithms = [xWing, x25519, ed25519]

/** Loads the identity with all its keys. */
export async function load(store: Store, wrapper: KeyWrapper): Promise<ImportedIdentity> {
  const bytes = await store.get(identityKey)
  if (bytes === null) throw new Error('there is no identity in the store')
  return importIdentity(bytes, { wrapper, algorithms })
}

/** Writes the identity down; once this resolves the new ring survives whatever happens. */
export async function save(
  store: Store,
  identity: Identity,
  wrappers: readonly KeyWrapper[],
): Promise<void> {
  await store.put(identityKey, await exportIdentity(identity, { wrappers }))
}

/** Rotation, first step: the new key is durable, and on the card, before anything is sealed to it. */
export async function rotate(
  store: Store,
  identity: ImportedIdentity,
  next: LocalDecapsulator,
  wrappers: readonly KeyWrapper[],
): Promise<Identity> {
  const { signer } = identity
  const decapsulator = rotateKey(identity.decapsulator, next)
  const rotated = await createIdentity({ signer, decapsulator })
  await save(store, rotated, wrappers)
  return rotated
}

/** Rotation, last step: no envelope needs the retired keys any more. What is `destroyed` does not come back. */
export async function retire(
  store: Store,
  identity: ImportedIdentity,
  status: 'disabled' | 'destroyed',
  wrappers: readonly KeyWrapper[],
): Promise<void> {
  const [, ...retired] = identity.decapsulator.keys
  const decapsulator = retired
    .filter((key) => key.status !== 'destroyed')
    .reduce(
      (ring, { publicKey }) => setKeyStatus(ring, publicKey.id, status),
      identity.decapsulator,
    )
  // The active key stays, and so does the card.
  await save(store, { ...identity, decapsulator }, wrappers)
}

/** How one envelope gets from the retired keys to the active one. */
type Move = (envelope: Uint8Array) => Promise<Uint8Array>

/** Rotation: only the list of wrapped keys is rewritten. */
export function byRewrap(identity: ImportedIdentity): Move {
  const opener = createOpener({ as: identity })
  const next = identity.decapsulator.publicKey
  return (envelope) =>
    opener.rewrap(envelope, { add: [next], remove: retiredIn(envelope, identity) })
}

/** From classical to post-quantum: a new content key. Whoever else reads is named, or would be refused. */
export function byRekey(identity: ImportedIdentity, others: readonly KemPublicKey[]): Move {
  const recipients = [identity.decapsulator.publicKey, ...others]
  return (envelope) =>
    rekey(envelope, { as: identity, recipients, remove: retiredIn(envelope, identity) })
}

/** The retired keys that an envelope still has an entry for. No key is used to tell. */
function retiredIn(envelope: Uint8Array, identity: ImportedIdentity): KemPublicKey[] {
  const [, ...retired] = identity.decapsulator.keys
  return retired.map(({ publicKey }) => publicKey).filter((key) => hasRecipient(envelope, key))
}

/** What a pass over all envelopes did. */
export interface Pass {
  moved: number
  /** Had been moved before: one lookup each, no decryption, no write. */
  skipped: number
}

/**
 * One pass over all envelopes; resuming is running it again. Each envelope is replaced in one step, so that a process
 * that dies leaves it as it was or moved, never in between.
 */
export async function moveAll(
  store: Store,
  identity: ImportedIdentity,
  move: Move,
  report: (pass: Pass) => void = () => undefined,
): Promise<Pass> {
  const pass = { moved: 0, skipped: 0 }
  const keys = store.list(envelopes)[Symbol.asyncIterator]()
  const work = async (): Promise<void> => {
    for (let next = await keys.next(); next.done !== true; next = await keys.next()) {
      if (await moveOne(store, next.value, identity, move)) pass.moved++
      else pass.skipped++
      report(pass)
    }
  }
  await Promise.all(Array.from({ length: parallel }, work))
  return pass
}

/** Whether there was something to do. */
async function moveOne(
  store: Store,
  key: string,
  identity: ImportedIdentity,
  move: Move,
): Promise<boolean> {
  for (;;) {
    const envelope = await store.get(key)
    if (envelope === null || retiredIn(envelope, identity).length === 0) return false
    // Somebody may share the record meanwhile: then theirs is read again and moved.
    if (await store.put(key, await move(envelope), { expect: envelope })) return true
  }
}
