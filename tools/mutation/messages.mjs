const throwing =
  /^(error|fail|malformed\w*|[A-Z]\w*(Error|Malformed|Failed|Untrusted|Invalid|Disabled|NotFound|Unavailable|Security|Downgrade|TooLarge|Unsupported))$/

/** The name of what a call or `new` calls: `fail` of `fail('...')`, `malformed` of `rules.malformed('...')`. */
function nameOf(callee) {
  return callee.property?.name ?? callee.property?.id?.name ?? callee.name ?? ''
}

/**
 * Leaves the wording of error messages out of the count: tests hold the class of an error, and that a message names the
 * argument, not its words.
 */
const messages = {
  shouldIgnore(path) {
    if (!path.isStringLiteral() && !path.isTemplateLiteral()) return undefined
    let child = path
    let parent = path.parentPath
    while (parent?.isConditionalExpression() || parent?.isBinaryExpression({ operator: '+' })) {
      if (child.key === 'test') return undefined
      child = parent
      parent = parent.parentPath
    }
    const thrown = parent?.isNewExpression() || parent?.isCallExpression()
    return thrown && child.listKey === 'arguments' && throwing.test(nameOf(parent.node.callee))
      ? 'the wording of an error message'
      : undefined
  },
}

export const strykerPlugins = [{ kind: 'Ignore', name: 'messages', value: messages }]
