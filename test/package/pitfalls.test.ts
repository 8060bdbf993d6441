import { readFileSync } from 'node:fs'
import { expect, it } from 'vitest'

const root = new URL('../../', import.meta.url)
const rows = [
  ...readFileSync(new URL('docs/quality.md', root), 'utf8').matchAll(
    /^\| (\d+) \| [^|]+ \| (.+) \|$/gm,
  ),
].map(([, number, files]) => ({
  number: Number(number),
  files: [...files!.matchAll(/`([^`]+\.ts)`/g)].map(([, file]) => file!),
}))

it('every pitfall has a row in docs/quality.md, and tests with its number in the files named there', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
  for (const { number, files } of rows) {
    expect(files.length, `pitfall ${number}`).toBeGreaterThan(0)
    for (const file of files) {
      const test = readFileSync(new URL(`test/${file}`, root), 'utf8')
      expect(test, `pitfall ${number} in ${file}`).toMatch(new RegExp(`pitfall ${number}:`))
    }
  }
})
