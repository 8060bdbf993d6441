import { concat } from '../bytes.ts'
import { sha256 } from '../engine/hash.ts'
import { ascii } from '../utf8.ts'

/** How readers show in an envelope: by key id, by a hint that only who knows the id recognises, or not at all. */
export type KeyIdMode = 'plain' | 'hint' | 'none'

/** The hint of a key id: 16 bytes that differ from envelope to envelope (docs/formats.md §2). */
export function hintOf(salt: Uint8Array, id: Uint8Array): Uint8Array {
  return sha256(concat(ascii('careseal/kid/1'), salt, id)).slice(0, 16)
}

/** What stands as kid for a reader. */
export function kidFor(mode: KeyIdMode, salt: Uint8Array, id: Uint8Array): Uint8Array | null {
  return mode === 'plain' ? id : mode === 'hint' ? hintOf(salt, id) : null
}

/** The mode that an entry was written in. */
export function kidMode(kid: Uint8Array | null): KeyIdMode {
  return kid === null ? 'none' : kid.length === 32 ? 'plain' : 'hint'
}
