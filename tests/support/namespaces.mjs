// Hosts of a small internet, each a network namespace of Linux: a hub with a cable to every other one. Needs root.
//
//   const net = namespaces(t, ['victim', 'attacker']);   // undefined: skipped, and why was said
//   net.hub.prefix                                       // runs a command there: [...prefix, 'nc', …]
//   net.victim.ip, net.victim.ip6, net.victim.hubIp, …   // its addresses, and the hub's on its cable
//   net.all.forEach(({ name }) => net.remove(name));    // when what runs there has ended; at exit it happens anyway
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';

const PREFIX = 'cbtest-';
// For documentation (RFC 5737, RFC 3849): nobody's, and no private network's.
const NETS = ['203.0.113', '198.51.100', '192.0.2'];

function ip(...args) {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8', timeout: 20_000 });
  if (error || status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

// `path` may have wildcards.
function setting(name, path, value) {
  ip('netns', 'exec', name, 'sh', '-c', `for f in /proc/sys/net/${path}; do echo ${value} > $f || exit 1; done`);
}

const made = new Set();
function remove(name) {
  spawnSync('ip', ['netns', 'del', name], { stdio: 'ignore', timeout: 20_000 });
  made.delete(name);
}
process.on('exit', () => made.forEach(remove));

function add(name) {
  made.add(name);
  ip('netns', 'add', name);
  ip('-n', name, 'link', 'set', 'lo', 'up');
  // Nobody else is on the cables: addresses are good at once.
  setting(name, 'ipv6/conf/default/dad_transmits', 0);
  return { name, prefix: ['ip', 'netns', 'exec', name] };
}

// Of test runs that were killed: their names say whose they are.
function sweep() {
  if (!existsSync('/run/netns')) return;
  for (const name of readdirSync('/run/netns')) {
    const pid = new RegExp(`^${PREFIX}(\\d+)-`).exec(name)?.[1];
    if (pid && !existsSync(`/proc/${pid}`)) remove(name);
  }
}

let count = 0;
function build(names) {
  const base = `${PREFIX}${process.pid}-${++count}`;
  const net = { all: [], hub: add(`${base}-hub`), remove };
  net.all.push(net.hub);
  names.forEach((name, i) => {
    const host = add(`${base}-${name}`);
    net.all.push(host);
    net[name] = Object.assign(host, {
      ip: `${NETS[i]}.9`, hubIp: `${NETS[i]}.1`, ip6: `2001:db8:${i + 1}::9`, hubIp6: `2001:db8:${i + 1}::1`,
    });
    ip('-n', net.hub.name, 'link', 'add', 'name', name, 'type', 'veth', 'peer', 'name', 'hub', 'netns', host.name);
    for (const [ns, dev, v4, v6] of [[net.hub.name, name, host.hubIp, host.hubIp6], [host.name, 'hub', host.ip, host.ip6]]) {
      ip('-n', ns, 'addr', 'add', v4, 'peer', v4 === host.ip ? host.hubIp : host.ip, 'dev', dev);
      ip('-n', ns, 'addr', 'add', `${v6}/64`, 'dev', dev, 'nodad');
      ip('-n', ns, 'link', 'set', dev, 'up');
    }
    // Its whole networks lie behind it.
    ip('-n', net.hub.name, 'route', 'add', `${NETS[i]}.0/24`, 'via', host.ip);
    ip('-n', net.hub.name, '-6', 'route', 'add', `2001:db8:${i + 1}::/48`, 'via', host.ip6);
    ip('-n', host.name, 'route', 'add', 'default', 'via', host.hubIp);
    ip('-n', host.name, '-6', 'route', 'add', 'default', 'via', host.hubIp6);
  });
  // Forged sources come in by the wrong cable; that is what is tested, so the kernel must not sort them out.
  for (const { name } of net.all) setting(name, 'ipv4/conf/*/rp_filter', 0);
  return net;
}

export function namespaces(t, names) {
  const skip = (why) => {
    console.error(`SKIPPED ${t.name}: ${why}`);
    t.skip(why);
  };
  if (process.getuid() !== 0) return skip('network namespaces need root');
  if (spawnSync('ip', ['-V'], { stdio: 'ignore' }).status !== 0) return skip('there is no ip (apt-get install iproute2)');
  sweep();
  const probe = `${PREFIX}${process.pid}-probe`;
  try {
    made.add(probe);
    ip('netns', 'add', probe);
    ip('netns', 'exec', probe, 'true');
  } catch (error) {
    return skip(`network namespaces can't be made here: ${error.message}`);
  } finally {
    remove(probe);
  }
  return keeping(t, build(names));
}

// use(daemon or client): it ends with the test, before its host does.
function keeping(t, net) {
  const open = [];
  t.after(async () => {
    const failures = [];
    for (const each of open.reverse()) await (each.stop?.() ?? each.close()).catch((error) => failures.push(error));
    for (const { name } of net.all) net.remove(name);
    if (failures.length) throw failures[0];
  });
  return Object.assign(net, { use(each) { open.push(each); return each; } });
}
