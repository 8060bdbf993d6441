import {
  type Canonical,
  type Canonicalization,
  defineCanonicalization,
} from './canonicalization.ts'
import { jcs } from './jcs.ts'
import { addLoss, type Loss } from './losses.ts'
import { isNamed } from './members.ts'
import { resourceTypeOf } from './resourceTree.ts'
import { children, isObject, marked, revise, root, setChildren, type Tape } from './tape.ts'

/**
 * `r6/json#data`: as `r6Json`, without any narrative. Each one left out is a loss, `omitted`.
 *
 * A narrative is found by its shape, for no type table is asked: a member `text` that is an object with a
 * member `div` or `status`. In no resource of R4, R4B or R5 is an element of that shape anything else.
 */
export const r6JsonData: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'r6/json#data',
  false,
  ({ tape }) => without(tape(), isNarrative),
)

/**
 * `r6/json#static`: as `r6JsonData`, and without `meta` of any resource, that is of any object with a
 * `resourceType`.
 */
export const r6JsonStatic: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'r6/json#static',
  false,
  ({ tape }) =>
    without(
      tape(),
      (all, p, around) =>
        isNarrative(all, p, around) ||
        (isMember(all, p, around, ['meta']) && isResource(all, around)),
    ),
)

/**
 * `r6/json#narrative`: only narratives and the `id` of resources, and what is on the way to them. The
 * `resourceType` of each resource that stays is kept, for it is its type and no element of it.
 */
export const r6JsonNarrative: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'r6/json#narrative',
  false,
  ({ tape }) => narrativeOnly(tape()),
)

/**
 * `r6/json#document`: as `r6Json`, without `id` and `meta` of a root that is a Bundle; any other root stays
 * whole.
 */
export const r6JsonDocument: Canonicalization = /* @__PURE__ */ defineCanonicalization(
  'r6/json#document',
  false,
  ({ tape }) => {
    const isBundle = resourceTypeOf(tape()) === 'Bundle'
    return without(
      tape(),
      (all, p, around) =>
        isBundle && around === root && isMember(all, p, around, ['id', '_id', 'meta']),
    )
  },
)

const omitted = 'This part is left out: the canonical form does not depend on it.'

type Test = (tape: Tape, p: number, around: number) => boolean

function without(original: Tape, isLeftOut: Test): Canonical {
  const losses: Loss[] = []
  const [tape] = revise(original, (all, p) => {
    const list = children(all, p)
    const kept = list.filter((child) => !isLeftOut(all, child, p))
    if (kept.length === list.length) return
    for (const child of list) {
      if (isLeftOut(all, child, p)) addLoss(losses, 'omitted', omitted, all.nodes[child]!)
    }
    setChildren(all, p, kept)
  })
  return jcs(tape, losses)
}

/** What `#narrative` keeps as it is: an element and its `_x` are one. */
function isWanted(tape: Tape, p: number, around: number): boolean {
  return (
    isNarrative(tape, p, around) ||
    (isMember(tape, p, around, ['id', '_id']) && isResource(tape, around))
  )
}

function narrativeOnly(original: Tape): Canonical {
  const losses: Loss[] = []
  const [tape, containers] = revise(
    original,
    () => {},
    (all, p, around) => !isWanted(all, p, around),
  )
  const { nodes } = tape
  const isKept = (p: number): boolean => (nodes[p + 3]! & marked) !== 0
  const before = containers.map((p) => children(tape, p))
  // From the inside out: what holds something that is kept is kept.
  for (let k = containers.length - 1; k >= 0; k--) {
    const p = containers[k]!
    for (const child of before[k]!) {
      if (isWanted(tape, child, p)) nodes[child + 3]! |= marked
      if (isKept(child)) nodes[p + 3]! |= marked
    }
    if (p === root) nodes[p + 3]! |= marked
    for (const child of before[k]!) {
      if (isMember(tape, child, p, ['resourceType'])) nodes[child + 3]! |= marked
    }
    setChildren(tape, p, before[k]!.filter(isKept))
  }
  containers.forEach((p, k) => {
    if (!isKept(p)) return
    for (const child of before[k]!) {
      if (!isKept(child)) addLoss(losses, 'omitted', omitted, nodes[child]!)
    }
  })
  return jcs(tape, losses)
}

function isMember(tape: Tape, p: number, around: number, names: readonly string[]): boolean {
  return isObject(tape, around) && names.some((name) => isNamed(tape.bytes, tape.nodes, p, name))
}

function isNarrative(tape: Tape, p: number, around: number): boolean {
  return (
    isMember(tape, p, around, ['text']) &&
    isObject(tape, p) &&
    children(tape, p).some((child) =>
      isMember(tape, child, p, ['div', 'status', '_div', '_status']),
    )
  )
}

function isResource(tape: Tape, p: number): boolean {
  return (
    isObject(tape, p) &&
    children(tape, p).some((child) => isMember(tape, child, p, ['resourceType']))
  )
}
