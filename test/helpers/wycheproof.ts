import { vectorJson } from './vectors.ts'

/** What every Wycheproof case has. */
export interface WycheproofCase {
  readonly tcId: number
  readonly comment: string
  readonly flags?: readonly string[]
  readonly result: 'valid' | 'invalid' | 'acceptable'
}

/** A case with the fields of its group. */
export type Flat<Group, Case> = Group & Case & WycheproofCase & { readonly name: string }

/** All cases of a Wycheproof file, each with the fields of its group and a name to report. */
export function wycheproof<Group, Case>(file: string): Flat<Group, Case>[] {
  interface File {
    readonly testGroups: readonly (Group & { readonly tests: readonly (Case & WycheproofCase)[] })[]
  }
  return vectorJson<File>(`crypto/wycheproof/${file}.json`).testGroups.flatMap(
    ({ tests, ...group }) =>
      tests.map((test) => ({
        ...(group as Group),
        ...test,
        name: `${file} ${test.tcId} ${test.comment} [${test.flags?.join() ?? ''}]`,
      })),
  )
}

/** Whether a case has a flag. */
export function hasFlag(test: WycheproofCase, flag: string): boolean {
  return test.flags?.includes(flag) === true
}
