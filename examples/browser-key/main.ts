/** The page: says what the visit did, and offers the next one. */
import { visit } from './visit.ts'

const list = document.createElement('pre')
const reload = document.createElement('button')
reload.textContent = 'Reload this page'
reload.onclick = () => location.reload()
document.body.append(list, reload)

visit().then(
  ({ lines }) => list.append(lines.join('\n')),
  (error: unknown) => list.append(String(error)),
)
