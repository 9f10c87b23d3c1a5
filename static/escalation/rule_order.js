"use strict";
// The order of rules: by dragging, by Alt and the arrow keys, by the buttons; saved at once when somebody says so.
// Without it each press of a button saves one move.
(function () {
  const form = document.querySelector(".er-order");
  const save = form && form.querySelector(".er-save");
  if (!save) return;
  const status = save.querySelector("[role=status]");
  let dragged = null;

  function rules() {
    return [...form.querySelectorAll("[data-rule]")];
  }

  function changed(rule) {
    form.elements.order.value = rules().map((item) => item.dataset.rule).join(",");
    save.hidden = form.elements.order.value === form.elements.seen.value;
    const place = [...rule.parentElement.children].indexOf(rule) + 1;
    status.textContent = save.hidden ? "" : "Place " + place + " of " + rule.parentElement.children.length + ". Not saved yet.";
    for (const list of form.querySelectorAll(".er-sortable")) {
      [...list.children].forEach((item, index, all) => {
        const [up, down] = item.querySelectorAll("[name=move]");
        up.disabled = index === 0;
        down.disabled = index === all.length - 1;
      });
    }
  }

  function move(rule, way) {
    const other = way === "up" ? rule.previousElementSibling : rule.nextElementSibling;
    if (!other) return;
    if (way === "up") other.before(rule);
    else other.after(rule);
    changed(rule);
  }

  form.addEventListener("click", (event) => {
    const button = event.target.closest("[name=move]");
    if (!button) return;
    event.preventDefault();
    const rule = button.closest("[data-rule]");
    move(rule, button.value.split(":")[1]);
    (button.disabled ? rule : button).focus();
  });
  form.addEventListener("keydown", (event) => {
    const rule = event.target.closest("[data-rule]");
    if (!rule || !event.altKey || !["ArrowUp", "ArrowDown"].includes(event.key)) return;
    event.preventDefault();
    move(rule, event.key === "ArrowUp" ? "up" : "down");
    rule.focus();
  });
  form.addEventListener("dragstart", (event) => {
    dragged = event.target.closest("[data-rule]");
    if (dragged) dragged.classList.add("er-dragged");
  });
  form.addEventListener("dragover", (event) => {
    const over = event.target.closest("[data-rule]");
    if (!dragged || !over || over === dragged || over.parentElement !== dragged.parentElement) return;
    event.preventDefault();
    const middle = over.getBoundingClientRect().top + over.offsetHeight / 2;
    if (event.clientY < middle) over.before(dragged);
    else over.after(dragged);
  });
  form.addEventListener("drop", (event) => event.preventDefault());
  form.addEventListener("dragend", () => {
    if (!dragged) return;
    dragged.classList.remove("er-dragged");
    changed(dragged);
    dragged = null;
  });
})();
