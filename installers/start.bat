@echo off
rem Double click: installs the small set into this folder once, then opens the start page.
chcp 65001 >nul
title facesort
cd /d "%~dp0.."
if exist ".venv\installed.txt" goto run
set "PYTHON=python"
where py >nul 2>nul && set "PYTHON=py -3"
%PYTHON% -m venv .venv || goto failed
".venv\Scripts\python.exe" -m pip install --no-compile -r requirements.txt || goto failed
echo installed>".venv\installed.txt"
:run
".venv\Scripts\python.exe" tools\review.py %*
if not errorlevel 1 exit /b 0
:failed
echo.
echo It did not work; the lines above say why. Is Python missing? Get it from
echo https://www.python.org/downloads/ and tick "Add python.exe to PATH".
pause
exit /b 1
