// The types of the client are true: others can compile against them, and what they name is there.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { test } from 'node:test';
import ts from 'typescript';
import * as client from '../../web/client.js';
import { fakeSockets } from './fakes.mjs';

const path = (name) => fileURLToPath(new URL(name, import.meta.url));
const DECLARED = path('../../web/client.d.ts');
const CONSUMER = path('types/consumer.ts');

const STRICT = {
  strict: true, noEmit: true, noUncheckedIndexedAccess: true, exactOptionalPropertyTypes: true, types: [],
  target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext, lib: ['lib.es2022.d.ts', 'lib.dom.d.ts'],
};

function complaints(files) {
  const program = ts.createProgram(files, STRICT);
  return ts.getPreEmitDiagnostics(program).map((each) => {
    const { line = 0 } = each.file?.getLineAndCharacterOfPosition(each.start) ?? {};
    return `${each.file?.fileName}:${line + 1} ${ts.flattenDiagnosticMessageText(each.messageText, ' ')}`;
  });
}

function declarations() {
  const source = ts.createSourceFile(DECLARED, readFileSync(DECLARED, 'utf8'), ts.ScriptTarget.Latest, true);
  const exported = source.statements.filter((each) => ts.isClassDeclaration(each) || ts.isFunctionDeclaration(each));
  const [chat] = exported.filter(ts.isClassDeclaration);
  return {
    values: exported.map(({ name }) => name.text),
    members: new Set(chat.members.map(({ name }) => name?.text).filter(Boolean)),
    events: source.statements.find((each) => ts.isInterfaceDeclaration(each) && each.name.text === 'Events').members.map(({ name }) => name.text),
  };
}

test('a program that uses all of it compiles under --strict', () => {
  assert.deepEqual(complaints([CONSUMER]), []);
});

test('what the types name is there, and what is there is named', () => {
  const { values, members } = declarations();
  assert.deepEqual(Object.keys(client).sort(), values.sort());
  const chat = new client.ChatBridge({ url: 'http://host/', WebSocket: fakeSockets() });
  const there = new Set([...Object.getOwnPropertyNames(client.ChatBridge.prototype), ...Object.keys(chat)].filter((name) => name !== 'constructor'));
  for (const name of members) assert.ok(name in chat, `${name} is declared`);
  for (const name of there) assert.ok(members.has(name), `${name} is not declared`);
});

test('every event that is declared is one the client has, and the other way round', () => {
  const files = ['../../web/client.js'].map((name) => readFileSync(path(name), 'utf8')).join('\n');
  const emitted = new Set([...files.matchAll(/#emit\('(\w+)'/g)].map(([, name]) => name));
  const [, passed] = /((?:case '\w+': )+)this\.#emit\(frame\.type/.exec(files);
  for (const [, name] of passed.matchAll(/'(\w+)'/g)) emitted.add(name);
  assert.deepEqual([...emitted].sort(), declarations().events.sort());
});
