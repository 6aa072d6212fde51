// What electron-builder is told of the app, whichever installer it makes.
export const appConfig = {
  appId: 'dev.flotilla.desktop',
  productName: 'Flotilla',
  directories: { output: 'dist', buildResources: 'resources' },
  files: ['out/**', '!out/**/*.map', 'resources/icon.png', 'package.json'],
  asar: true,
  npmRebuild: false,
  // What users of the app would not miss, and what would let others make it a Node of theirs.
  electronFuses: {
    runAsNode: false,
    enableCookieEncryption: true,
    enableNodeOptionsEnvironmentVariable: false,
    enableNodeCliInspectArguments: false,
    enableEmbeddedAsarIntegrityValidation: true,
    onlyLoadAppFromAsar: true,
    loadBrowserProcessSpecificV8Snapshot: false,
    grantFileProtocolExtraPrivileges: false,
  },
  protocols: [{ name: 'Flotilla', schemes: ['flotilla'] }],
  linux: {
    category: 'Development',
    synopsis: 'A Kubernetes that lives in a desktop app',
    icon: 'resources/icon.png',
  },
  mac: {
    category: 'public.app-category.developer-tools',
    hardenedRuntime: true,
    icon: 'resources/icon.png',
  },
  win: { icon: 'resources/icon.png' },
  nsis: { oneClick: false, perMachine: false, allowToChangeInstallationDirectory: true },
}
