import assert from 'node:assert/strict';
import { test } from 'node:test';
import { links } from '../../web/js/links.js';

const found = (text) => links(text).filter((piece) => piece.href).map((piece) => piece.text);
const hrefs = (text) => links(text).filter((piece) => piece.href).map((piece) => piece.href);

test('pieces put together are the text, whatever it is', () => {
  const texts = ['', 'plain', 'https://a.example', ' https://a.example/x, and (https://b.example/y). ', 'http://', 'mailto:', 'https://a.example\nhttps://b.example', '😀https://a.example😀'];
  for (const text of texts) assert.equal(links(text).map((piece) => piece.text).join(''), text);
});

test('http, https and mailto are links, nothing else is', () => {
  assert.deepEqual(found('go to https://a.example/p?q=1#f or HTTP://B.example:8080 or mailto:ann@c.example now'),
    ['https://a.example/p?q=1#f', 'HTTP://B.example:8080', 'mailto:ann@c.example']);
  for (const text of [
    'javascript:alert(1)', 'JaVaScRiPt:alert(1)', 'java\tscript:alert(1)', 'data:text/html,<script>alert(1)</script>', 'vbscript:x', 'file:///etc/passwd', 'ftp://a.example',
    'blob:null/x', 'about:blank', 'view-source:x', 'ws://a.example', 'tel:123', '//a.example/x', 'www.a.example', 'a.example', 'ann@c.example', 'https:a.example', 'https:/a.example',
    'https:\\\\a.example', 'https://', 'http://?q', 'http://#f', 'https:///a.example', 'http://.', 'http://:80', 'http://[::1', 'http://a.example:99999/',
  ]) assert.deepEqual(found(text), [], text);
});

test('what leads out is a normal address of an allowed kind', () => {
  for (const href of hrefs('https://a.example/"onclick=alert(1) http://javascript:80/ https://a.example/%0d%0ax http://a.example/javascript:alert(1) mailto:x@y.example?bcc=z@y.example')) {
    assert.match(href, /^(https?:\/\/[a-z0-9]|mailto:[a-z0-9._+-]+@[a-z0-9.-]+$)/);
    assert.doesNotMatch(href, /[\s"<>]/);
  }
});

test('the sign that ends a sentence is not the link\'s', () => {
  for (const end of ['.', ',', '!', '?', ':', ';', '...', '?!', '…', '\'', '"', '”', '»', '*', '**', '_', '~', ')', ').', ']', '>', '。', '、', '」', '）', '\u200b', '\u200f', '\ufffd', '\n', '`', '|']) {
    assert.deepEqual(found(`see https://a.example/x${end} next`), ['https://a.example/x'], end);
    assert.deepEqual(found(`see https://a.example/x${end}`), ['https://a.example/x'], end);
  }
  assert.deepEqual(found('https://a.example/x/'), ['https://a.example/x/']);
  assert.deepEqual(found('https://a.example/a.b,c;d'), ['https://a.example/a.b,c;d']);
});

test('brackets belong to a link when it opened them', () => {
  assert.deepEqual(found('(https://a.example/Foo_(bar))'), ['https://a.example/Foo_(bar)']);
  assert.deepEqual(found('(see https://a.example/Foo_(bar)_(baz).)'), ['https://a.example/Foo_(bar)_(baz)']);
  assert.deepEqual(found('[text](https://a.example/x)'), ['https://a.example/x']);
  assert.deepEqual(found('[https://a.example/x[1]]'), ['https://a.example/x[1]']);
  assert.deepEqual(found('<https://a.example/x>'), ['https://a.example/x']);
  assert.deepEqual(found('http://[::1]:8080/x'), ['http://[::1]:8080/x']);
  assert.deepEqual(found('https://a.example/x(('), ['https://a.example/x']);
});

test('a link begins where a word begins', () => {
  assert.deepEqual(found('xhttps://a.example äöhttps://a.example 1http://a.example _mailto:x@y.example 𝒜http://a.example'), []);
  assert.deepEqual(found('see:https://a.example "https://b.example" →https://c.example 😀https://d.example'),
    ['https://a.example', 'https://b.example', 'https://c.example', 'https://d.example']);
});

test('no name before an @ pretends to be the place', () => {
  for (const text of ['https://bank.example@evil.example/', 'https://bank.example:443@evil.example/', 'https://bank.example%40x@evil.example', 'http://@evil.example']) {
    assert.deepEqual(found(text), [], text);
  }
  assert.deepEqual(hrefs('https://a.example/@ann'), ['https://a.example/@ann']);
  assert.deepEqual(hrefs('https://bank.example\\@evil.example/'), ['https://bank.example/']);
});

test('the place a link leads to is told when its letters show another', () => {
  const host = (text) => links(text).find((piece) => piece.href)?.host;
  assert.equal(host('https://\u{430}\u{440}\u{440}\u{4cf}\u{435}.example/'), 'xn--80ak6aa92e.example');
  assert.equal(host('https://bücher.example/'), 'xn--bcher-kva.example');
  assert.match(host('https://bank.example\u{2044}login.evil.example/') ?? '', /^xn--|evil\.example$/);
  assert.equal(host('http://0x7f.1/'), '127.0.0.1');
  assert.equal(host('http://2130706433/'), '127.0.0.1');
  assert.equal(host('http://%65vil.example/'), 'evil.example');
  assert.equal(host('http://\u{2102}\u{1d5ee}.example/'), 'ca.example');
  for (const plain of ['https://A.Example:8080/x', 'http://[::1]:80/', 'http://localhost/', 'http://127.0.0.1:8080', 'https://xn--bcher-kva.example/']) assert.equal(host(plain), undefined, plain);
});

test('nothing invisible and nothing that turns the direction is in a link', () => {
  for (const sign of ['\u{200b}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{202e}', '\u{2066}', '\u{2069}', '\u{61c}', '\u{feff}', '\u{ad}', '\u{0}', '\u{7f}', '\u{e0041}', '\u{d800}']) {
    assert.deepEqual(found(`https://a.example/x${sign}y`), ['https://a.example/x']);
  }
});

test('a mail address is an address and nothing more', () => {
  assert.deepEqual(hrefs('mailto:ann@c.example?subject=x&body=y'), ['mailto:ann@c.example']);
  assert.deepEqual(hrefs('MAILTO:ann.b+c@c.example.'), ['mailto:ann.b+c@c.example']);
  for (const text of ['mailto:ann', 'mailto:@c.example', 'mailto:a%0Abcc@c.example', 'mailto:ann@bücher.example', 'mailto:a@b@c.example', 'mailto:a,b@c.example', 'mailto:?to=a@b.example']) {
    assert.deepEqual(found(text), [], text);
  }
});

test('what is longer than any address is text', () => {
  assert.deepEqual(found(`https://a.example/${'x'.repeat(1_900)} y`).map((link) => link.length), [1_918]);
  assert.deepEqual(found(`https://a.example/${'x'.repeat(3_000)}`), []);
});

test('what cannot be a link is tried once, and no text has more than 50 of it tried', (t) => {
  const tried = (text) => {
    const { mock } = t.mock.method(globalThis, 'URL', class extends URL {});
    found(text);
    mock.restore();
    return mock.callCount();
  };
  assert.equal(tried('https://%'.repeat(200)), 1);
  assert.equal(tried('http://['.repeat(200)), 1);
  assert.equal(tried(`https://${'x'.repeat(256)}/`), 0, 'longer than the name of any place');
  assert.equal(tried('https://% '.repeat(500)), 50);
  assert.equal(found('https://a.example '.repeat(200)).length, 200, 'what is one does not count');
  assert.deepEqual(found('https://% https://a.example https://a.example/%'), ['https://a.example', 'https://a.example/%']);
});

test('no text of 4 KB takes long', () => {
  const hostile = ['https://', 'https://%', 'http://[', 'https://(', 'https://a.example/((((', 'mailto:', 'mailto:a@', 'https://a.example/)', 'http://a@', 'https://a.example/.', '(https://a.b/(', 'h', 'https://?', 'mailto:a.'];
  for (const part of hostile) {
    const text = part.repeat(Math.ceil(4_096 / part.length)).slice(0, 4_096);
    const began = performance.now();
    for (let i = 0; i < 10; i += 1) links(text);
    assert.ok(performance.now() - began < 500, `${part}: ${(performance.now() - began) / 10} ms`);
  }
});
