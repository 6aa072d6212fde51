// Direction rules: renderer, agent and main import shared, never each other; only the API server reaches the store.
const to = path => ({ path })
module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'shared-is-a-leaf',
      severity: 'error',
      from: { path: '^src/shared' },
      to: to('^src/(main|agent|renderer|preload)'),
    },
    {
      name: 'shared-has-no-platform',
      severity: 'error',
      from: { path: '^src/shared' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'shared-no-ui',
      severity: 'error',
      from: { path: '^src/shared' },
      to: to('node_modules/(electron|vue|pinia)/'),
    },
    {
      name: 'agent-only-shared',
      severity: 'error',
      from: { path: '^src/agent' },
      to: to('^src/(main|renderer|preload)'),
    },
    {
      name: 'renderer-only-shared',
      severity: 'error',
      from: { path: '^src/renderer' },
      to: to('^src/(main|agent|preload/(?!channels))'),
    },
    {
      name: 'main-not-agent-or-renderer',
      severity: 'error',
      from: { path: '^src/main' },
      to: to('^src/(agent|renderer|preload/(?!channels))'),
    },
    {
      name: 'only-apiserver-reaches-store',
      severity: 'error',
      from: { path: '^src/main/(controllers|scheduler|provisioning|desktop)' },
      to: to('^src/main/store/(?!encryption/master-key)'),
    },
    {
      name: 'clients-not-apiserver',
      severity: 'error',
      from: { path: '^src/main/(controllers|scheduler|provisioning)' },
      to: to('^src/main/apiserver'),
    },
    {
      name: 'commands-on-top',
      severity: 'error',
      from: { path: '^src/main/(?!cli/|desktop/|index)' },
      to: to('^src/main/cli'),
    },
    {
      name: 'electron-only-in-desktop',
      severity: 'error',
      from: { path: '^src/(?!main/desktop|main/index|preload)' },
      to: { path: '^(electron|node_modules/electron)' },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.node.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default'],
      extensions: ['.ts', '.js', '.vue', '.json', '.mjs'],
    },
  },
}
