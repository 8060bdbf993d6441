import { EnvelopeMalformed } from '../../errors.ts'

/** The error of everything in an age file that comes before its content: what is wrong and where. */
export function malformedAge(problem: string, offset?: number): EnvelopeMalformed {
  return new EnvelopeMalformed(`No age file: ${problem}`, { offset })
}
