// Bundles the page and serves it on http://localhost:8080: WebCrypto wants HTTPS or localhost.
import { createServer } from 'node:http'
import { join } from 'node:path'
import { build } from 'esbuild'

const { outputFiles } = await build({
  entryPoints: [join(import.meta.dirname, 'main.ts')],
  bundle: true,
  format: 'esm',
  target: 'es2022',
  write: false,
})
const page = '<!doctype html><title>careseal</title><body><script type="module" src="/main.js">'
createServer((request, response) => {
  const isScript = request.url === '/main.js'
  response.setHeader('content-type', isScript ? 'text/javascript; charset=utf-8' : 'text/html')
  response.setHeader('content-security-policy', "default-src 'none'; script-src 'self'")
  response.end(isScript ? outputFiles[0].text : page)
}).listen(8080, '127.0.0.1', () => console.log('http://localhost:8080'))
