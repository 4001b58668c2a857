// What all dialogs do alike. The browser itself keeps the focus inside, closes on Escape and gives the focus back.

import { $ } from './view.js';

/** Wires a <dialog>'s close buttons; closed() after any way of closing. */
export function wireDialog(id, closed = () => {}) {
  const dialog = $(id);
  dialog.addEventListener('click', ({ target }) => { if (target.closest('[data-close]')) dialog.close(); });
  dialog.addEventListener('close', closed);
  return dialog;
}

/** Closes whatever dialog is open and opens this one, unless it is. */
export function openDialog(dialog) {
  if (dialog.open) return;
  openedDialog()?.close();
  dialog.showModal();
}

export const openedDialog = () => document.querySelector('dialog[open]');
