import { wipe } from './bytes.ts'
import { type CborValue, Tagged } from './cbor/index.ts'

/** Overwrites all byte strings of a decoded value. They are copies; map keys of ours hold no secrets. */
export function wipeItems(value: CborValue | undefined): void {
  if (value instanceof Uint8Array) wipe(value)
  else if (value instanceof Tagged) wipeItems(value.value)
  else if (value instanceof Map) for (const item of value.values()) wipeItems(item)
  else if (Array.isArray(value)) for (const item of value as readonly CborValue[]) wipeItems(item)
}
