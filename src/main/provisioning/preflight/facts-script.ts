// What a host is asked, in one read-only script of plain sh that any distribution runs: `key=value` lines, lists as
// repeated keys. Standard input: what it tries to reach, one a line: `node ADDRESS`, `api HOST PORT`.
export const FACTS_SCRIPT = `
say() { printf '%s=%s\\n' "$1" "$2"; }
has() { command -v "$1" >/dev/null 2>&1; }
PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin:/snap/bin"
now=$(date +%s.%N); say clock "$now"
say uid "$(id -u)"
say arch "$(uname -m)"; say kernel "$(uname -r)"; say hostname "$(uname -n)"
[ -r /etc/os-release ] && sed -n 's/^\\(ID\\|ID_LIKE\\|VERSION_ID\\|PRETTY_NAME\\)=/os.\\1=/p' /etc/os-release | tr -d '"'
[ -r /etc/machine-id ] && say machineID "$(cat /etc/machine-id)"
say glibc "$(getconf GNU_LIBC_VERSION 2>/dev/null | cut -d' ' -f2)"
[ -d /run/systemd/system ] && say systemd "$(systemctl --version 2>/dev/null | head -n1 | cut -d' ' -f2)"
# Its service has to be started first.
{ [ -d /run/systemd/system ] && timeout 5 timedatectl show 2>/dev/null | sed -n 's/^\\(NTP\\|CanNTP\\|NTPSynchronized\\)=/time.\\1=/p'; } &
say cgroup "$(stat -fc %T /sys/fs/cgroup 2>/dev/null)"
if [ -r /sys/fs/cgroup/cgroup.controllers ]; then tr ' ' '\\n' < /sys/fs/cgroup/cgroup.controllers
else awk '$4 == 1 {print $1}' /proc/cgroups 2>/dev/null; fi | sed 's/^/controller=/'
has dpkg-deb && dpkg-deb --help 2>/dev/null | grep -q zstd && say tool deb-zstd
for tool in ip nft iptables apparmor_parser conntrack wg nsenter mount docker curl ping gzip xz zstd tar sha256sum base64 apt-get dnf rpm dpkg-deb; do has $tool && say tool $tool; done
has nft && say nft "$(nft --version 2>/dev/null | sed 's/[^0-9]*\\([0-9.]*\\).*/\\1/')"
if has docker && docker --version 2>/dev/null | grep -qi podman; then say docker.podman yes
elif has docker; then
  # Of a daemon that does not answer, it says nothing or no version.
  about=$(docker info --format 'docker.version={{.ServerVersion}}{{println}}docker.liveRestore={{.LiveRestoreEnabled}}{{println}}docker.swarm={{.Swarm.LocalNodeState}}{{println}}{{range .SecurityOptions}}docker.security={{.}}{{println}}{{end}}' 2>/dev/null)
  case "$about" in
    docker.version=[0-9]*)
      printf '%s\\n' "$about"
      # Engines before 29 have no such field.
      say docker.firewall "$(docker info --format '{{.FirewallBackend.Driver}}' 2>/dev/null)" ;;
    *) say docker.error "$(docker version 2>&1 >/dev/null | tail -n1)" ;;
  esac
  has snap && snap list docker >/dev/null 2>&1 && say docker.snap yes
fi
for place in / /var/lib /opt; do [ -d $place ] && df -Pk $place 2>/dev/null | awk -v p=$place 'NR==2 {print "disk." p "=" $4}'; done
awk '/^MemTotal:/ {print "memory=" $2}' /proc/meminfo
awk 'NR>1 {n++} END {print "swaps=" n+0}' /proc/swaps
say cpus "$(getconf _NPROCESSORS_ONLN 2>/dev/null || grep -c ^processor /proc/cpuinfo)"
has ss && ss -Hltn 2>/dev/null | awk '{print "listen=" $4}'
has ss && ss -Hlun 2>/dev/null | awk '{print "listen.udp=" $4}'
if has ip; then
  ip -4 route show table all 2>/dev/null | awk '$1 != "broadcast" && $1 != "local" && $1 != "default" {dev=""; for (i=1; i<NF; i++) if ($i == "dev") dev=$(i+1); print "route=" $1 " " dev}'
  ip -6 route show table all 2>/dev/null | awk '$1 ~ /:/ {dev=""; for (i=1; i<NF; i++) if ($i == "dev") dev=$(i+1); print "route=" $1 " " dev}'
  # As the agent chooses the node's address.
  ip -4 -o address show scope global 2>/dev/null | awk '{print $2}' | grep -Evq '^(docker|br-|veth|flo|cni|virbr)' && say ipv4 yes || say ipv4 no
  line=$(ip -4 route get 198.51.100.1 2>/dev/null | head -n1)
  dev=$(printf '%s' "$line" | sed -n 's/.* dev \\([^ ]*\\).*/\\1/p'); say address "$(printf '%s' "$line" | sed -n 's/.* src \\([^ ]*\\).*/\\1/p')"
  ip -4 -o address show 2>/dev/null | awk -v a="$(printf '%s' "$line" | sed -n 's/.* src \\([^ ]*\\).*/\\1/p')" '{split($4, part, "/")} part[1] == a {print "subnet=" $4; exit}'
  [ -n "$dev" ] && say mtu "$(cat /sys/class/net/$dev/mtu 2>/dev/null)"
fi
say forward "$(cat /proc/sys/net/ipv4/ip_forward 2>/dev/null)"
env | sed -n 's/^\\([A-Za-z]*_[Pp][Rr][Oo][Xx][Yy]\\)=.*/proxy=\\1/p'
[ -r /etc/environment ] && sed -n 's/^\\(export \\)\\{0,1\\}\\([A-Za-z]*_[Pp][Rr][Oo][Xx][Yy]\\)=.*/proxy=\\2/p' /etc/environment
# Chains that drop IP packets that no rule of theirs lets through: by their policy, or by a last rule.
has nft && nft -st list ruleset 2>/dev/null | awk '
  $1 == "table" {table = $2 " " $3}
  $1 == "chain" {chain = $2; hook = policy = last = ""; next}
  chain != "" && $1 == "type" {hook = $4; if (/policy drop;/) policy = "drop"; next}
  $1 == "}" {if (chain != "" && table ~ /^(ip|ip6|inet) / && hook ~ /^(input|forward|output)$/ && (policy == "drop" || last ~ /^(drop|reject.*|xt target "(DROP|REJECT)")$/)) print "drops=" hook " " table " " chain; chain = ""; next}
  chain != "" {last = $0; gsub(/counter|log( (prefix "[^"]*"|level [a-z]+|flags [a-z ]+))*|comment "[^"]*"/, "", last); gsub(/^[ \t]+|[ \t]+$/, "", last)}'
for family in ip ip6; do
  {
    # Where nft is missing, iptables tells what it made by nftables. Asked to save, it makes no tables where there are none.
    has nft || { has \${family}tables-nft-save && \${family}tables-nft-save; }
    if grep -qx filter /proc/net/\${family}_tables_names; then
      tool=\${family}tables-legacy-save; has $tool || tool=\${family}tables-save; has $tool && $tool -t filter
    fi
  } 2>/dev/null | awk -v family=$family '
    /^[*]/ {table = substr($1, 2); split("", policy); split("", drops)}
    /^:/ {chain = substr($1, 2); policy[chain] = drops[chain] = $2 == "DROP"}
    $1 == "-A" {drops[$2] = policy[$2] || /^-A [A-Z]+ -j (DROP|REJECT)/}
    $1 == "COMMIT" {for (hook in drops) if (drops[hook] && hook ~ /^(INPUT|FORWARD|OUTPUT)$/) print "drops=" tolower(hook) " " family " " table " " hook}'
done
[ -r /sys/fs/selinux/enforce ] && say selinux "$(cat /sys/fs/selinux/enforce)"
[ -r /sys/module/apparmor/parameters/enabled ] && say apparmor "$(cat /sys/module/apparmor/parameters/enabled)"
if [ -d /run/systemd/system ]; then
  set -- firewalld ufw k3s k3s-agent rke2-server rke2-agent kubelet microk8s k0scontroller k0sworker flotilla-agent docker
  systemctl is-active "$@" 2>/dev/null | while read -r state; do [ "$state" = active ] && say active "$1"; shift; done
fi
[ -r /etc/ufw/ufw.conf ] && grep -q '^ENABLED=yes' /etc/ufw/ufw.conf && say active ufw-enabled
for path in /etc/kubernetes/kubelet.conf /etc/rancher/k3s /var/lib/rancher /var/snap/microk8s /var/lib/k0s; do [ -e $path ] && say kubernetes $path; done
if [ -r /etc/flotilla/config.json ]; then say flotilla config; say flotilla.config "$(sha256sum /etc/flotilla/config.json | cut -d' ' -f1)"; fi
[ -r /etc/flotilla/ca.crt ] && say flotilla.ca "$(sha256sum /etc/flotilla/ca.crt | cut -d' ' -f1)"
[ -r /etc/systemd/system/flotilla-agent.service ] && say flotilla.unit "$(sha256sum /etc/systemd/system/flotilla-agent.service | cut -d' ' -f1)"
for kind in runtime agent; do for path in /opt/flotilla/$kind/*/; do [ -d "$path" ] && say "flotilla.$kind" "$(basename "$path")"; done; done
for trace in installed packages docker daemon.json.ours images ntp; do [ -e /var/lib/flotilla/before/$trace ] && say flotilla.did $trace; done
[ -d /var/lib/flotilla/identity ] && say flotilla.did identity
systemctl is-enabled --quiet flotilla-agent 2>/dev/null && say flotilla.did boot
[ -d /var/lib/flotilla/upgrade/before ] && say flotilla.did upgrade
[ -L /opt/flotilla/bin/agent.cjs ] && say flotilla.current "$(readlink /opt/flotilla/bin/agent.cjs)"
[ -L /opt/flotilla/bin/node ] && say flotilla.currentRuntime "$(readlink /opt/flotilla/bin/node)"
has sshd && sshd -T 2>/dev/null | sed -n 's/^allowtcpforwarding /sshd.forwarding=/p'
while read -r kind name port; do
  case "$kind" in
    node) has ping && { ping -c1 -W2 -q "$name" >/dev/null 2>&1 && say reach "$name" || say unreach "$name"; } & ;;
    api) has bash && has timeout && { timeout 1 bash -c ': < "/dev/tcp/$0/$1"' "$name" "$port" 2>/dev/null && say api.reach "$name" || say api.unreach "$name"; } & ;;
  esac
done
wait
say end yes
`
