// Resolves what doc comments link to without importing it, such as the classes behind `@throws`:
// names of the package's own exports, and the built-in errors.
import { ReflectionKind } from 'typedoc'

const builtIn = 'https://developer.mozilla.org/docs/Web/JavaScript/Reference/Global_Objects/'

export function load(app) {
  app.converter.addUnknownSymbolResolver((reference, from) => {
    const [first, ...rest] = reference.symbolReference?.path ?? []
    if (first === undefined || rest.length > 0 || reference.moduleSource !== undefined) return
    if (first.path === 'TypeError' || first.path === 'RangeError') return builtIn + first.path
    const target = from.project
      .getReflectionsByKind(ReflectionKind.SomeExport)
      .find(({ name }) => name === first.path)
    return target && { target, caption: first.path }
  })
}
