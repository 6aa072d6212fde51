// /version: clients read `major`, `minor` and `gitVersion` to decide what they may use.

/** The Kubernetes version whose API this server serves. */
export const KUBERNETES_VERSION = '1.36.0'

export type VersionInfo = ReturnType<typeof versionInfo>

export function versionInfo(productVersion: string) {
  const [major = '', minor = ''] = KUBERNETES_VERSION.split('.')
  return {
    major,
    minor,
    emulationMajor: major,
    emulationMinor: minor,
    minCompatibilityMajor: major,
    minCompatibilityMinor: String(Number(minor) - 1),
    gitVersion: `v${KUBERNETES_VERSION}+flotilla-${productVersion}`,
    gitCommit: '',
    gitTreeState: 'clean',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: 'node',
    platform: `${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}`,
  }
}
