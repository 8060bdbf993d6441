import { appendFileSync, mkdirSync } from 'node:fs'

const folder = 'reports/mutation'

/** Writes each verdict down at once, for whoever watches, and for a run that was stopped. */
class Live {
  onMutantTested({ fileName, mutatorName, replacement, location, status }) {
    mkdirSync(folder, { recursive: true })
    const line = JSON.stringify({ fileName, mutatorName, replacement, location, status })
    appendFileSync(`${folder}/live.jsonl`, `${line}\n`)
  }
}

export const strykerPlugins = [{ kind: 'Reporter', name: 'live', injectableClass: Live }]
