@echo off
rem Double click: installs the small set into this folder once, then opens the start page.
chcp 65001 >nul
title facesort
cd /d "%~dp0.."
if exist ".venv\installed.txt" goto run
set "PYTHON=python"
for %%V in (3.10 3.11 3.12 3.13) do py -%%V -c "" >nul 2>nul && set "PYTHON=py -%%V"
%PYTHON% -c "import sys; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))" || goto python
%PYTHON% -m venv .venv || goto failed
".venv\Scripts\python.exe" -m pip install --no-compile -r requirements.txt || goto failed
echo installed>".venv\installed.txt"
:run
".venv\Scripts\python.exe" tools\review.py %*
if not errorlevel 1 exit /b 0
:failed
echo.
echo It did not work; the lines above say why.
pause
exit /b 1
:python
echo.
echo This needs Python 3.10 to 3.13, which is not there. Get a 3.13 release, not the newest, from
echo https://www.python.org/downloads/windows/ and start this again.
pause
exit /b 1
