/**
 * Import floors: an import may only go down, never past another module's index, never to a Node
 * built-in outside *.node.ts. See docs/architecture.md.
 */
const floors = [
  ['record', 'index\\.ts'],
  ['consent', 'device'],
  ['threshold', 'ledger'],
  ['envelope', 'log'],
  ['keys', 'fhir'],
  ['errors\\.ts', 'store', 'internal'],
]
const room = (name) => (name.includes('\\.') ? `^src/${name}$` : `^src/${name}/`)
const floorRules = floors.flatMap((rooms, floor) =>
  rooms.map((name) => {
    const above = floors.slice(0, floor).flat()
    const beside = rooms.filter((other) => other !== name)
    // The lowest floor holds the shared ground: errors, store and internal may see each other's index.
    // The highest floor is the front door and the code behind it.
    const banned = floor === floors.length - 1 || floor === 0 ? above : [...above, ...beside]
    return {
      name: `floor-${name.replace('\\.ts', '')}`,
      severity: 'error',
      from: { path: room(name) },
      to: { path: banned.length === 0 ? '^$' : banned.map(room).join('|') },
    }
  }),
)

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'no-node-builtins',
      comment: 'Portable source: Node built-ins only in files named *.node.ts.',
      severity: 'error',
      from: { path: '^src', pathNot: '\\.node\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'node-files-stay-behind-their-subpath',
      severity: 'error',
      from: { path: '^src', pathNot: '^src/store/fs/' },
      to: { path: '\\.node\\.ts$|^src/store/fs/' },
    },
    {
      name: 'no-deep-imports',
      comment: 'A module is entered through its index.ts (internal excepted).',
      severity: 'error',
      from: { path: '^src/([^/]+)/' },
      to: {
        path: '^src/([^/]+)/(?!index\\.ts$)',
        pathNot: ['^src/$1/', '^src/internal/', '^src/[^/]+/[^/]+/index\\.ts$'],
      },
    },
    {
      name: 'viem-only-in-evm',
      severity: 'error',
      from: { pathNot: '^src/ledger/evm/' },
      to: { path: 'node_modules/viem' },
    },
    {
      name: 'fhir-knows-no-cryptography-but-hashing',
      severity: 'error',
      from: { path: '^src/fhir/' },
      to: {
        path: 'node_modules/@noble/(ciphers|curves|post-quantum)|^src/internal/(hpke|cose|kem|signature)',
      },
    },
    ...floorRules,
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.build.json' },
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    builtInModules: { add: [] },
  },
}
