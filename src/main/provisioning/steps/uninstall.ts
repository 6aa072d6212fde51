// The way back from installed packages and a started Docker: units, links, rules and settings are as they were noted
// before.
import type { Facts } from '../preflight/facts.ts'
import { say } from '../say.ts'
import { type Step, asRoot } from './contract.ts'
import { AWAIT_PACKAGE_MANAGER } from './package-manager.ts'

/** What Docker leaves behind when it ends. What was there before is in the folder $before. */
const SWEEP_AFTER_DOCKER = `
ip link delete docker0 2>/dev/null
for tool in iptables ip6tables; do
  for table in nat filter; do
    $tool-save -t $table 2>/dev/null | grep -E '^-A .*(docker0|-j DOCKER( |$)|-j DOCKER-(USER|FORWARD|BRIDGE|CT|INTERNAL|ISOLATION))' |
      sed 's/^-A/-D/' | while read -r rule; do $tool -t $table $rule 2>/dev/null; done
    chains=$($tool-save -t $table 2>/dev/null | sed -nE 's/^:(DOCKER(-(USER|FORWARD|BRIDGE|CT|INTERNAL|ISOLATION-STAGE-[12]))?) .*/\\1/p')
    for chain in $chains; do $tool -t $table -F $chain; done
    for chain in $chains; do $tool -t $table -X $chain; done
  done
done
read -r _ _ policy < $before/forward && [ -n "$policy" ] && iptables -P FORWARD $policy
# What iptables made to hold them goes as well, if it was not there and nobody else put anything into it.
nft list chains 2>/dev/null | awk '/^table/ {t = $2 " " $3} /chain/ {print t " " $2}' | grep -E '^ip6? (nat|filter) ' |
  while read -r chain; do grep -qxF "$chain" $before/chains || nft delete chain $chain 2>/dev/null; done
for table in 'ip nat' 'ip filter' 'ip6 nat' 'ip6 filter'; do
  grep -q "^$table " $before/chains || [ -n "$(nft list table $table 2>/dev/null | grep chain)" ] || nft delete table $table 2>/dev/null
done
cat $before/ip_forward > /proc/sys/net/ipv4/ip_forward
`

/** Where it was there and did not run. */
export const STOP_DOCKER = `
before=/var/lib/flotilla/before
[ -s $before/docker ] || exit 0
if [ -n "$(docker ps -aq 2>/dev/null)" ]; then
  echo 'Docker runs on: it has containers of somebody else'
else
  while read -r unit enabled active; do
    [ "$enabled" != disabled ] || systemctl disable --quiet $unit
    [ "$active" = active ] || systemctl stop $unit
    [ $unit != docker.service ] || [ "$active" = active ] || ended=yes
  done < $before/docker
  if [ "$ended" = yes ]; then
    grep -qx /etc/docker $before/folders || rm -rf /etc/docker
    ${SWEEP_AFTER_DOCKER}
  fi
fi
rm -f $before/docker
exit 0
`

/** An installation that was cut off has noted what there was before it, and not what it brought, half of it perhaps. */
const SETTLE_PACKAGES = `
if [ -s $before/packages ]; then
  ${AWAIT_PACKAGE_MANAGER}
  if command -v apt-get >/dev/null; then
    dpkg --configure -a </dev/null >&2
    dpkg-query -W -f '\${db:Status-Status} \${Package}\\n' | grep -v '^not-installed \\|^config-files ' | cut -d' ' -f2
  else
    rpm -qa --qf '%{NAME}\\n'
  fi | sort | comm -13 $before/packages - >> $before/installed
  rm -f $before/packages
fi
`

/** Package → the account that it makes and leaves behind. */
const ACCOUNTS: Readonly<Record<string, string>> = { 'systemd-timesyncd': 'systemd-timesync', chrony: 'chrony' }
const DELETE_ACCOUNTS = Object.entries(ACCOUNTS)
  .map(
    ([name, account]) => `
if printf '%s\\n' $packages | grep -qx ${name} && [ -e $before/accounts ] && ! grep -qx ${account} $before/accounts; then
  userdel ${account} 2>/dev/null
  groupdel ${account} 2>/dev/null
fi`,
  )
  .join('')

/** Docker goes only where we brought it, and where nobody else uses it meanwhile. */
export const UNINSTALL = `
before=/var/lib/flotilla/before
${SETTLE_PACKAGES}
[ -s $before/installed ] || { rm -f $before/installed; exit 0; }
packages=$(sort -u $before/installed)
if printf '%s\\n' $packages | grep -qx 'docker.io\\|moby-engine'; then
  if [ -n "$(docker ps -aq 2>/dev/null)" ]; then echo 'Docker is kept: it has containers of somebody else'; exit 0; fi
  systemctl disable --now docker.socket docker.service containerd.service 2>/dev/null
  docker_went=yes
  # With nft, which may be one of them.
  ${SWEEP_AFTER_DOCKER}
fi
if command -v apt-get >/dev/null; then
  DEBIAN_FRONTEND=noninteractive apt-get -q -y -o DPkg::Lock::Timeout=180 purge $packages </dev/null || exit $?
else
  dnf -y remove $packages </dev/null || exit $?
fi
rm -f $before/installed
${DELETE_ACCOUNTS}
[ "$docker_went" = yes ] || exit 0
rm -rf /var/lib/docker/* /var/lib/containerd/*
rmdir /var/lib/docker /var/lib/containerd 2>/dev/null
grep -qx /etc/cni $before/folders || rmdir /etc/cni/net.d /etc/cni 2>/dev/null
grep -qx /opt/containerd $before/folders || rmdir /opt/containerd/bin /opt/containerd/lib /opt/containerd 2>/dev/null
grep -qx /etc/docker $before/folders || rm -rf /etc/docker
groupdel docker 2>/dev/null
exit 0
`

export const stopDocker: Step = {
  name: 'stop-docker',
  plan: ({ facts }) =>
    facts.flotilla.did.has('docker')
      ? [say('stop Docker, unless somebody else has containers in it: it did not run')]
      : [],
  apply: async context => void (await asRoot(context, 'stopping Docker', STOP_DOCKER)),
}

/** Also where that was cut off. */
export const hasInstalled = ({ flotilla: { did } }: Facts): boolean => did.has('installed') || did.has('packages')

export const uninstall: Step = {
  name: 'uninstall',
  plan: ({ facts }) => (hasInstalled(facts) ? [say('remove the packages that joining installed')] : []),
  apply: async context => void (await asRoot(context, 'removing packages', UNINSTALL)),
}
