// Docker and the tools that pods need, from the packages of the distribution; only what is missing.
import type { Facts } from '../preflight/facts.ts'
import { say } from '../say.ts'
import { SshError } from '../ssh/contract.ts'
import { AWAIT_PACKAGE_MANAGER } from './package-manager.ts'
import { type ClusterSettings, type ContextWithoutProgress, type Step, type StepContext, asRoot } from './contract.ts'

export type PackageManager = 'apt' | 'dnf'

/** @returns undefined on a host that has neither */
export const packageManagerOf = ({ tools }: Facts): PackageManager | undefined =>
  tools.has('apt-get') ? 'apt' : tools.has('dnf') ? 'dnf' : undefined

/** Tool → package, per package manager. Of Docker's absence from RHEL's own repositories the preflight tells. */
const APT: Readonly<Record<string, string>> = {
  docker: 'docker.io',
  ip: 'iproute2',
  nft: 'nftables',
  nsenter: 'util-linux',
  conntrack: 'conntrack',
}
const DNF: Readonly<Record<string, string>> = {
  docker: 'moby-engine',
  ip: 'iproute',
  nft: 'nftables',
  nsenter: 'util-linux',
  conntrack: 'conntrack-tools',
}

/** @returns package by tool */
export const packagesOf = (manager: PackageManager, { networkBackend }: ClusterSettings) => ({
  ...(manager === 'apt' ? APT : DNF),
  ...(networkBackend === 'wireguard' && { wg: 'wireguard-tools' }),
})

function missing({ facts, cluster }: ContextWithoutProgress): string[] {
  const manager = packageManagerOf(facts)
  const packages = manager ? packagesOf(manager, cluster) : {}
  return Object.entries(packages).flatMap(([tool, name]) => (facts.tools.has(tool) ? [] : [name]))
}

/** Before anything is changed: what the host was like, for the day it is left again. */
const REMEMBER = `
mkdir -p -m 700 /var/lib/flotilla/before
cd /var/lib/flotilla/before
[ -e done ] || {
  if command -v nft >/dev/null; then
    { nft list chains 2>/dev/null || true; } | awk '/^table/ {t = $2 " " $3} /chain/ {print t " " $2}'
  else
    for family in ip ip6; do
      { \${family}tables-nft-save 2>/dev/null || true; } | awk -v family=$family '/^[*]/ {t = substr($1, 2)} /^:/ {print family " " t " " substr($1, 2)}'
    done
  fi > chains
  { iptables -S FORWARD 2>/dev/null || true; } | head -n1 > forward
  cat /proc/sys/net/ipv4/ip_forward > ip_forward
  ls -d /etc/cni /etc/docker /opt/containerd > folders 2>/dev/null || true
  cut -d: -f1 /etc/passwd > accounts
  : > done
}
`

/** An earlier run that was cut off, and went on, has noted the same where the list is gone. */
const NOTE_INSTALLED = `
[ ! -e packages ] || list | comm -13 packages - >> installed || [ ! -e packages ]
rm -f packages
`

export const APT_INSTALL = `
set -e
read -r packages
${REMEMBER}
list() { dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' | sed -n 's/^installed //p' | sort; }
[ -e packages ] || list > packages
export DEBIAN_FRONTEND=noninteractive
# An earlier run that was cut off may still be at it, or have left packages half configured.
${AWAIT_PACKAGE_MANAGER}
dpkg --configure -a </dev/null
# A way that swallows everything is given up in two minutes, not in ten.
apt() { apt-get -q -o DPkg::Lock::Timeout=180 -o Acquire::Retries=1 -o Acquire::http::Timeout=15 -o Acquire::https::Timeout=15 "$@" </dev/null; }
# Translated descriptions are half of what there is to fetch, and nobody reads them here; those that are there stay.
apt -o Acquire::Languages=none -o APT::Get::List-Cleanup=0 update
apt -y --no-install-recommends install $packages
${NOTE_INSTALLED}`

export const DNF_INSTALL = `
set -e
read -r packages
${REMEMBER}
list() { rpm -qa --qf '%{NAME}\\n' | sort; }
[ -e packages ] || list > packages
${AWAIT_PACKAGE_MANAGER}
dnf -y --setopt=install_weak_deps=False install $packages </dev/null
${NOTE_INSTALLED}`

export const installPackages: Step = {
  name: 'install-packages',
  plan(context) {
    const packages = missing(context)
    if (packages.length === 0) return []
    return [say('install the packages {packages} and what they depend on', { packages: packages.join(', ') })]
  },
  async apply(context) {
    const packages = missing(context)
    try {
      await installed(context, packages)
    } catch (error) {
      throw noWayToPackages(error, packages, context.host.metadata.name) ?? error
    }
  },
}

/** Resolves once the packages are there; those that were not go when the host leaves. @throws SshError */
export async function installed(context: StepContext, packages: readonly string[]): Promise<void> {
  const script = packageManagerOf(context.facts) === 'apt' ? APT_INSTALL : DNF_INSTALL
  await asRoot(context, 'installing packages', script, `${packages.join(' ')}\n`)
}

/** What package managers say when they reach no source of packages, or have none that knows the package. */
const NO_SOURCE =
  /could not resolve|temporary failure|failed to fetch|unable to (connect|locate)|could not connect|no installation candidate|cannot (download|prepare)|curl error|unable to find a match/i

function noWayToPackages(error: unknown, packages: readonly string[], host: string): SshError | undefined {
  if (!(error instanceof SshError && error.code === 'CommandFailed' && NO_SOURCE.test(error.message))) return undefined
  return new SshError(
    'CommandFailed',
    `the host reaches no packages, and it lacks ${packages.join(', ')}. Give it a way to its distribution's packages (a ` +
      "proxy or mirror in its package manager's settings), or install them there by hand; then: flotilla node repair " +
      `${host}. It said: ${error.message}`,
  )
}

export const START_DOCKER = `
set -e
${REMEMBER}
# What the packages of this join have started goes with them.
if [ ! -e docker ] && ! grep -qx 'docker.io\\|moby-engine' installed 2>/dev/null; then
  for unit in docker.socket docker.service containerd.service; do
    enabled=$(systemctl is-enabled $unit 2>/dev/null) || true
    active=$(systemctl is-active $unit 2>/dev/null) || true
    printf '%s %s %s\\n' $unit "\${enabled:-none}" "\${active:-none}"
  done > docker.new
  mv docker.new docker
fi
systemctl enable --now docker
i=0
while [ $i -lt 100 ]; do docker version >/dev/null 2>&1 && exit 0; sleep 0.2; i=$((i+1)); done
docker version
`

export const startDocker: Step = {
  name: 'start-docker',
  plan: ({ facts }) => (facts.docker.version ? [] : [say('start Docker, now and at every boot')]),
  apply: async context => void (await asRoot(context, 'starting Docker', START_DOCKER)),
}
